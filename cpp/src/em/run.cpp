#include "em/run.hpp"

#include <cmath>
#include <utility>

#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

// The M-step at a jump. Nothing where it collapses: that is not EM's doing.
std::optional<Mixture> m_step_after_jump(const SufficientStatistics& statistics, const Mixture& jump,
                                         double reg_covar) {
  try {
    return m_step(statistics, jump, reg_covar);
  } catch (const CollapsedComponent&) {
    return std::nullopt;
  }
}

}  // namespace

Run::Run(const Mixture& start, const EMOptions& options)
    : options_(options),
      result_{start, false, false, {}, {}, {}},
      accelerator_(extrapolation_of(options.acceleration), options.reg_covar),
      previous_(options.previous_mean_log_likelihood) {
  if (options.prior && options.acceleration != Acceleration::none) {
    throw InvalidArgument(
        "there is a prior, but acceleration is not none: jumps are judged by the likelihood alone; "
        "leave out one of them");
  }
}

void Run::take(EStep pass) {
  const SufficientStatistics& statistics = pass.statistics;
  double mean = statistics.log_likelihood / statistics.total_weight;
  std::optional<Mixture> next;
  if (!jump_)
    next = m_step(statistics, point(), options_.reg_covar, options_.prior);
  else if (mean >= previous_)
    next = m_step_after_jump(statistics, *jump_, options_.reg_covar);

  const int iteration = n_passes() + 1;
  std::optional<Mixture> next_jump;
  if (next) {
    const double change = mean - previous_;
    const bool stands_still = std::abs(change) < options_.tol;  // (41)
    if (jump_)
      accelerator_.accepted(change);
    else
      accelerator_.stepped(change);
    result_.converged = stands_still && !jump_;
    next_jump = accelerator_.propose(point(), *next, iteration);
    if (stands_still) next_jump.reset();  // whether EM has converged, a step of EM must tell
    result_.mixture = std::move(*next);
    result_.empty_components = statistics.empty_components();
  } else {
    accelerator_.rejected();
    mean = previous_;
  }
  jump_ = std::move(next_jump);
  result_.kernel = std::move(pass.kernel);
  result_.mean_log_likelihoods.push_back(mean);
  if (options_.callback) result_.stopped = options_.callback({iteration, mean, mean - previous_}) && !result_.converged;
  previous_ = mean;
  if (options_.check_interrupt) options_.check_interrupt();
}

}  // namespace gmmx
