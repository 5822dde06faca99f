#include "em/batched_mixtures.hpp"

#include <cstddef>
#include <utility>

#include "checked_mixture.hpp"
#include "covariance/model.hpp"

namespace gmmx {

namespace {

using Numbers = std::vector<double>;

void append(Numbers& to, const Numbers& numbers) { to.insert(to.end(), numbers.begin(), numbers.end()); }

// The i-th of equal parts.
Numbers slice(const Numbers& of, std::size_t i, Index n_parts) {
  const auto size = static_cast<std::ptrdiff_t>(of.size()) / n_parts;
  const auto first = of.begin() + static_cast<std::ptrdiff_t>(i) * size;
  return {first, first + size};
}

}  // namespace

bool can_be_batched(CovarianceType type) { return !model_of(type).ties_components(); }

Mixture batch(const std::vector<const Mixture*>& mixtures) {
  Mixture::Checked all{mixtures.front()->covariance_spec(), mixtures.front()->n_features(), {}, {}, {}, {}};
  for (const Mixture* const mixture : mixtures) {
    append(all.weights, mixture->weights());
    append(all.means, mixture->means());
    append(all.covariances, mixture->covariances());
    append(all.precisions_cholesky, mixture->precisions_cholesky());
  }
  for (double& weight : all.weights) weight /= static_cast<double>(mixtures.size());
  return Mixture(std::move(all));
}

SufficientStatistics part_of(const SufficientStatistics& batched, std::size_t i, const Mixture& mixture) {
  const Index n_parts = batched.n_components / mixture.n_components();
  SufficientStatistics part(batched.form, mixture.n_components(), mixture.n_features(), mixture.means());
  part.counts = slice(batched.counts, i, n_parts);
  part.first_moments = slice(batched.first_moments, i, n_parts);
  part.second_moments = slice(batched.second_moments, i, n_parts);
  part.total_weight = batched.total_weight;
  part.n_samples = batched.n_samples;
  return part;
}

}  // namespace gmmx
