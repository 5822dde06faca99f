// Sums over rows that several mixtures have seen: what online EM does with statistics.
#include <cmath>
#include <initializer_list>
#include <string>

#include "format.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "statistics/check_statistics.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

void check_positive(double weight, const char* name) {
  if (weight > 0 && std::isfinite(weight)) return;
  throw InvalidArgument(std::string(name) + " is " + text_of(weight) +
                        ", but must be positive and finite: there is nothing to scale in statistics of no weight");
}

}  // namespace

void SufficientStatistics::rescale(double new_total_weight) {
  check_sizes(*this);
  check_positive(total_weight, "total_weight");
  check_positive(new_total_weight, "new_total_weight");
  // The smallest weights have no finite reciprocal.
  const auto scaled = [this, new_total_weight](double sum) { return sum / total_weight * new_total_weight; };
  for (std::vector<double>* sums : {&counts, &first_moments, &second_moments}) {
    for (double& sum : *sums) sum = scaled(sum);
  }
  log_likelihood = scaled(log_likelihood);
  total_weight = new_total_weight;
}

void SufficientStatistics::raise_counts(double least_share) {
  check_sizes(*this);
  if (!(least_share >= 0 && least_share <= 1)) {
    throw InvalidArgument("least_share is " + text_of(least_share) +
                          ", but must lie between 0 and 1; 0 raises nothing");
  }
  const SecondMomentTraits& form_traits = traits_of(form);
  const auto multiply = [](std::vector<double>& sums, std::size_t k, std::size_t size, double factor) {
    for (std::size_t i = k * size; i < (k + 1) * size; ++i) sums[i] *= factor;
  };
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const double least = least_share * total_weight;
    if (!(counts[k] > 0) || counts[k] >= least) continue;
    const double factor = least / counts[k];
    if (!std::isfinite(factor)) continue;
    counts[k] = least;
    multiply(first_moments, k, static_cast<std::size_t>(n_features), factor);
    if (form_traits.by_component) multiply(second_moments, k, second_moments.size() / counts.size(), factor);
  }
}

SufficientStatistics blend(SufficientStatistics earlier, const SufficientStatistics& later, double share) {
  if (!(share >= 0 && share <= 1)) {
    throw InvalidArgument("share is " + text_of(share) + ", but must lie between 0 and 1");
  }
  check_alike(earlier, later);
  earlier.n_samples = joint_n_samples(earlier, later);
  earlier.move_to(later.shifts);
  const auto between = [share](double from, double to) { return (1 - share) * from + share * to; };  // (107), (111)
  const auto blend_sums = [&](std::vector<double>& from, const std::vector<double>& to) {
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = between(from[i], to[i]);
  };
  blend_sums(earlier.counts, later.counts);
  blend_sums(earlier.first_moments, later.first_moments);
  blend_sums(earlier.second_moments, later.second_moments);
  earlier.log_likelihood = between(earlier.log_likelihood, later.log_likelihood);
  earlier.total_weight = between(earlier.total_weight, later.total_weight);
  earlier.mixture_fingerprint = 0;
  return earlier;
}

SufficientStatistics expected_statistics(const Mixture& mixture) {
  const SecondMoments form = second_moment_form(mixture.covariance_type());
  SufficientStatistics result(form, mixture.n_components(), mixture.n_features(), mixture.means());
  result.counts = mixture.weights();  // (110)
  traits_of(form).add_covariances(result.second_moments.data(), {result.n_components, result.n_features},
                                  result.counts.data(), mixture.covariances().data());
  result.total_weight = 1;
  return result;
}

}  // namespace gmmx
