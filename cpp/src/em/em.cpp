// The loop: E-step, M-step, until the likelihood stands still.
#include "gmmx/em.hpp"

#include <cmath>
#include <optional>
#include <utility>

#include "em/acceleration.hpp"
#include "em/e_step.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

// The M-step at a jump. Nothing where it collapses: that is not EM's doing.
std::optional<Mixture> m_step_after_jump(const SufficientStatistics& statistics, const Mixture& jump,
                                         double reg_covar) {
  try {
    return m_step(statistics, jump.covariance_type(), reg_covar);
  } catch (const CollapsedComponent&) {
    return std::nullopt;
  }
}

}  // namespace

Acceleration acceleration_from_string(std::string_view name) {
  if (name == "none") return Acceleration::none;
  if (name == "anderson") return Acceleration::anderson;
  if (name == "squarem") return Acceleration::squarem;
  throw InvalidArgument("acceleration='" + std::string(name) +
                        "' is unknown; use one of 'none', 'anderson', 'squarem'");
}

template <class T>
EMResult em(MatrixView<const T> rows, const Mixture& start, VectorView<const double> sample_weight,
            const EMOptions& options) {
  EMResult result{start, false, false, {}, {}, {}};
  Accelerator accelerator(extrapolation_of(options.acceleration), options.reg_covar);
  std::optional<Mixture> jump;  // taken instead of the last M-step's mixture
  double previous = options.previous_mean_log_likelihood;
  for (int iteration = 1; iteration <= options.max_iter && !result.converged && !result.stopped; ++iteration) {
    // (17)
    const Mixture& point = jump ? *jump : result.mixture;
    const auto [statistics, kernel] = run_e_step(rows, point, sample_weight, options.n_threads);
    result.kernel = kernel;
    double mean = statistics.log_likelihood / statistics.total_weight;
    std::optional<Mixture> next;
    if (!jump)
      next = m_step(statistics, start.covariance_type(), options.reg_covar);
    else if (mean >= previous)
      next = m_step_after_jump(statistics, *jump, options.reg_covar);

    std::optional<Mixture> next_jump;
    if (next) {
      const double change = mean - previous;
      const bool stands_still = std::abs(change) < options.tol;  // (41)
      if (jump)
        accelerator.accepted(change);
      else
        accelerator.stepped(change);
      result.converged = stands_still && !jump;
      next_jump = accelerator.propose(point, *next, iteration);
      if (stands_still) next_jump.reset();  // whether EM has converged, a step of EM must tell
      result.mixture = std::move(*next);
      result.empty_components = statistics.empty_components();
    } else {
      accelerator.rejected();
      mean = previous;
    }
    jump = std::move(next_jump);
    result.mean_log_likelihoods.push_back(mean);
    if (options.callback) result.stopped = options.callback({iteration, mean, mean - previous}) && !result.converged;
    previous = mean;
  }
  return result;
}

template EMResult em(MatrixView<const float>, const Mixture&, VectorView<const double>, const EMOptions&);
template EMResult em(MatrixView<const double>, const Mixture&, VectorView<const double>, const EMOptions&);

}  // namespace gmmx
