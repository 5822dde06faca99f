// The loop: E-step, M-step, until the likelihood stands still.
#include "gmmx/em.hpp"

#include <cmath>
#include <utility>

#include "em/e_step.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

template <class T>
EMResult em(MatrixView<const T> rows, const Mixture& start, VectorView<const double> sample_weight,
            const EMOptions& options) {
  EMResult result{start, false, false, {}, {}, {}};
  double previous = options.previous_mean_log_likelihood;
  for (int iteration = 1; iteration <= options.max_iter && !result.converged && !result.stopped; ++iteration) {
    // (17)
    const auto [statistics, kernel] = run_e_step(rows, result.mixture, sample_weight, options.n_threads);
    result.kernel = kernel;
    result.mixture = m_step(statistics, start.covariance_type(), options.reg_covar);
    result.empty_components = statistics.empty_components();

    const double mean = statistics.log_likelihood / statistics.total_weight;
    const double change = mean - previous;
    previous = mean;
    result.mean_log_likelihoods.push_back(mean);
    result.converged = std::abs(change) < options.tol;  // (41)
    if (options.callback) result.stopped = options.callback({iteration, mean, change}) && !result.converged;
  }
  return result;
}

template EMResult em(MatrixView<const float>, const Mixture&, VectorView<const double>, const EMOptions&);
template EMResult em(MatrixView<const double>, const Mixture&, VectorView<const double>, const EMOptions&);

}  // namespace gmmx
