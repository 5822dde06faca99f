// From sufficient statistics to the mixture that maximises Q.
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "covariance/model.hpp"
#include "gmmx/em.hpp"
#include "gmmx/errors.hpp"
#include "messages.hpp"
#include "moments/forms.hpp"
#include "statistics/check_statistics.hpp"

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

}  // namespace

Mixture m_step(const SufficientStatistics& statistics, CovarianceType type, double reg_covar) {
  check_sizes(statistics);
  const CovarianceModel& model = model_of(type);
  const MomentShape shape{statistics.n_components, statistics.n_features};
  const double total_count = std::accumulate(statistics.counts.begin(), statistics.counts.end(), 0.0);
  check(statistics, reg_covar, total_count);

  // Second moments about the shifts become the scatter W_k about the new means: W_k - N_k delta delta^T.
  const FormTraits& form = traits_of(model.form());
  std::vector<double> scatter = second_moments_as(statistics, model.form());
  std::vector<double> counts = statistics.counts;
  for (const Index k : statistics.empty_components()) counts[static_cast<std::size_t>(k)] = 0.0;
  std::vector<double> weights(counts.size());
  std::vector<double> means = statistics.shifts;
  std::vector<double> delta(static_cast<std::size_t>(shape.n_features));
  std::vector<double> half(delta.size());
  for (Index k = 0; k < shape.n_components; ++k) {
    const double n_k = counts[static_cast<std::size_t>(k)];
    weights[static_cast<std::size_t>(k)] = n_k / total_count;  // (3), (30)
    if (n_k == 0.0) continue;                                  // (45): an empty component stays where it was
    const std::size_t row = static_cast<std::size_t>(k) * delta.size();
    for (std::size_t j = 0; j < delta.size(); ++j) {
      delta[j] = statistics.first_moments[row + j] / n_k;
      half[j] = -0.5 * n_k * delta[j];
      means[row + j] += delta[j];  // (21), (47)
    }
    form.add_symmetric_outer(scatter.data(), shape, k, half.data(), delta.data());  // (24), (49)
  }
  const Scatter about_means{shape.n_components, shape.n_features, counts, total_count, scatter};
  return Mixture(type, shape.n_features, std::move(weights), std::move(means),
                 model.covariances(about_means, reg_covar));
}

}  // namespace gmmx
