// From sufficient statistics to the mixture that maximises Q.
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "checked_mixture.hpp"
#include "covariance/model.hpp"
#include "format.hpp"
#include "gmmx/em.hpp"
#include "gmmx/errors.hpp"
#include "parallel/block_loop.hpp"
#include "statistics/check_statistics.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

void check(const SufficientStatistics& s, double reg_covar, double total_count) {
  if (!(reg_covar >= 0) || !std::isfinite(reg_covar)) {
    throw InvalidArgument("reg_covar is " + text_of(reg_covar) + "; it must be finite and not negative");
  }
  if (!(total_count > 0) || !std::isfinite(total_count)) {
    throw InvalidArgument("the statistics of " + std::to_string(s.n_samples) + " rows sum to the weight " +
                          text_of(total_count) +
                          "; an M-step needs a positive, finite weight: give rows, not all of weight zero");
  }
}

void check_previous(const SufficientStatistics& s, const Mixture& previous) {
  if (previous.n_components() == s.n_components && previous.n_features() == s.n_features) return;
  throw InvalidArgument("previous has " + std::to_string(previous.n_components()) + " components and " +
                        std::to_string(previous.n_features()) + " features, but the statistics have " +
                        std::to_string(s.n_components) + " and " + std::to_string(s.n_features) +
                        "; give the mixture of the E-step");
}

// Contribution of the prior, which shifts the mean and counts as rows with scatter. (90), (91)
class PriorOf {
 public:
  PriorOf(const std::optional<ConjugatePrior>& prior, const CovarianceModel& model, MomentShape shape)
      : prior_(prior), n_features_(shape.n_features), form_(traits_of(model.form())) {
    if (!prior) return;
    check_prior(*prior, shape.n_features);
    share_ = model.prior_share(prior->dof, shape.n_components, shape.n_features);
    if (prior->shrinkage > 0) share_.count += 1;
  }

  // mean and scatter: of the rows of a component; on return those of the mode.
  void apply(double* mean, double& count, double* scatter) const {
    if (!prior_) return;
    const auto d = static_cast<std::size_t>(n_features_);
    const double kappa = prior_->shrinkage;
    if (kappa > 0) {
      std::vector<double> towards(d);
      std::vector<double> half(d);
      for (std::size_t j = 0; j < d; ++j) {
        towards[j] = prior_->mean[j] - mean[j];
        half[j] = 0.5 * kappa * count / (kappa + count) * towards[j];
        mean[j] += kappa / (kappa + count) * towards[j];
      }
      form_.add_symmetric_outer(scatter, n_features_, half.data(), towards.data());
    }
    form_.add_scale(scatter, n_features_, prior_->scale.data(), share_.scale);
    count += share_.count;
  }

 private:
  const std::optional<ConjugatePrior>& prior_;
  Index n_features_;
  const SecondMomentTraits& form_;
  PriorShare share_{0, 0};
};

Mixture maximise(const SufficientStatistics& statistics, CovarianceSpec spec, double reg_covar,
                 const std::optional<ConjugatePrior>& prior, const Mixture* previous, int n_threads) {
  check_sizes(statistics);
  const CovarianceModel& model = model_of(spec);
  const MomentShape shape{statistics.n_components, statistics.n_features};
  double total_count = std::accumulate(statistics.counts.begin(), statistics.counts.end(), 0.0);
  check(statistics, reg_covar, total_count);
  const PriorOf prior_of(prior, model, shape);

  // Second moments about the shifts become the scatter W_k about the new means: W_k - N_k delta delta^T.
  const SecondMomentTraits& form = traits_of(model.form());
  std::vector<double> scatter = second_moments_as(statistics, model.form());
  std::vector<double> counts = statistics.counts;
  for (const Index k : statistics.empty_components()) counts[static_cast<std::size_t>(k)] = 0.0;
  std::vector<double> weights(counts.size());
  std::vector<double> means = statistics.shifts;
  const auto d = static_cast<std::size_t>(shape.n_features);
  std::vector<double> moves(2 * means.size());  // of each component: delta, and what it is multiplied with
  const auto about_mean = [&](Index k) {
    double& n_k = counts[static_cast<std::size_t>(k)];
    weights[static_cast<std::size_t>(k)] = n_k / total_count;  // (3), (30)
    const std::size_t row = static_cast<std::size_t>(k) * d;
    double* const own = scatter.data() + form.offset(k, shape.n_features);
    if (n_k > 0) {  // (45): an empty component stays where it was
      double* const delta = &moves[2 * row];
      double* const half = delta + d;
      for (std::size_t j = 0; j < d; ++j) {
        delta[j] = statistics.first_moments[row + j] / n_k;
        half[j] = -0.5 * n_k * delta[j];
        means[row + j] += delta[j];  // (21), (47)
      }
      form.add_symmetric_outer(own, shape.n_features, half, delta);  // (24), (49)
      form.drop_rounding(own, shape.n_features, n_k, &means[row]);
    }
    prior_of.apply(&means[row], n_k, own);
  };
  const auto numbers_of_each = static_cast<double>(form.size({1, shape.n_features}));
  for_components(shape.n_components, numbers_of_each, form.by_component ? n_threads : 1, about_mean);
  if (prior) total_count = std::accumulate(counts.begin(), counts.end(), 0.0);
  const Scatter about_means{shape.n_components, shape.n_features, counts,   total_count, scatter,
                            reg_covar,          previous,         n_threads};
  return Mixture(check_mixture(
      {spec, shape.n_features, std::move(weights), std::move(means), model.covariances(about_means), {}}, n_threads));
}

}  // namespace

Mixture m_step(const SufficientStatistics& statistics, CovarianceSpec spec, double reg_covar,
               const std::optional<ConjugatePrior>& prior, int n_threads) {
  return maximise(statistics, spec, reg_covar, prior, nullptr, n_threads);
}

Mixture m_step(const SufficientStatistics& statistics, const Mixture& previous, double reg_covar,
               const std::optional<ConjugatePrior>& prior, int n_threads) {
  check_previous(statistics, previous);
  return maximise(statistics, previous.covariance_spec(), reg_covar, prior, &previous, n_threads);
}

Update MaximumLikelihood::operator()(const SufficientStatistics& statistics, const Mixture& previous) const {
  return {m_step(statistics, previous, reg_covar, prior, n_threads), statistics.log_likelihood,
          statistics.empty_components(), reg_covar};
}

std::vector<double> nearest_covariances(CovarianceType type, Index n_components, Index n_features,
                                        const std::vector<double>& covariances) {
  SufficientStatistics statistics(
      SecondMoments::full, n_components, n_features,
      std::vector<double>(static_cast<std::size_t>(n_components) * static_cast<std::size_t>(n_features), 0.0));
  if (covariances.size() != statistics.second_moments.size()) {
    throw InvalidArgument("covariances has " + std::to_string(covariances.size()) + " numbers, but " +
                          std::to_string(n_components) + " matrices of " + std::to_string(n_features) +
                          " features have " + std::to_string(statistics.second_moments.size()));
  }
  statistics.second_moments = covariances;
  statistics.counts.assign(statistics.counts.size(), 1.0);
  statistics.total_weight = static_cast<double>(n_components);
  return m_step(statistics, type).covariances();
}

}  // namespace gmmx
