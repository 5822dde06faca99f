#include "em/iteration.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "covariance/float_range.hpp"
#include "density/feature_tolerance.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

// EM gains in every pass. A gain that is invisible in the sums over this many passes stays invisible.
constexpr std::size_t window = 10;

// (117) Whether a change is a fall that rounding explains.
template <class T>
bool is_rounding(double change, double mean, Index n_features) {
  const double share = 16 * static_cast<double>(std::numeric_limits<T>::epsilon());
  return change <= 0 && -change <= feature_tolerance<T>(n_features) + share * std::abs(mean);
}

}  // namespace

Iteration::Iteration(const Mixture& start, const MStep& m_step, const EMOptions& options)
    : m_step_(m_step),
      options_(options),
      result_{start, false, false, {}, {}, {}, {}},
      accelerator_(extrapolation_of(options.acceleration)),
      previous_(options.previous_mean_log_likelihood) {}

bool Iteration::has_come_to_rest(const IterationSummary& summary, bool in_float) const {
  if (options_.has_converged) return options_.has_converged(summary);
  if (std::abs(summary.change) < options_.tol) return true;  // (41)
  const std::vector<double>& means = result_.mean_log_likelihoods;
  if (!(options_.tol > 0) || means.size() < window) return false;
  const double mean = summary.mean_log_likelihood;
  const double change = mean - means[means.size() - window];
  const Index d = next_point().n_features();
  return in_float ? is_rounding<float>(change, mean, d) : is_rounding<double>(change, mean, d);
}

void Iteration::update(EStepResult pass, EStep& e_step) {
  const bool may_repeat = pass.in_float && e_step.has_double();
  const double total_weight = pass.statistics.total_weight;
  double mean = pass.statistics.log_likelihood / total_weight;
  std::optional<Update> update;
  if (!jump_ || mean >= previous_) {
    try {
      update = m_step_(pass.statistics, next_point());
    } catch (const CollapsedComponent&) {
      if (!jump_ && !may_repeat) throw;  // a jump that collapses is not EM's doing, and sums in double may not collapse
    }
    if (may_repeat && (!update || is_beyond_float(update->next))) {
      EStepResult again = e_step.in_double(next_point());
      again.in_float = false;
      return this->update(std::move(again), e_step);
    }
  }

  const int iteration = n_passes() + 1;
  std::optional<Mixture> next_jump;
  if (update) {
    mean = update->objective / total_weight;
    const double change = mean - previous_;
    const bool stands_still = has_come_to_rest({iteration, mean, change}, pass.in_float);
    if (jump_)
      accelerator_.accepted(change);
    else
      accelerator_.stepped(change);
    result_.converged = stands_still && !jump_;
    next_jump = accelerator_.propose(next_point(), update->next, update->reg_covar, iteration);
    if (stands_still) next_jump.reset();  // whether EM has converged, a step of EM must tell
    result_.mixture = std::move(update->next);
    result_.empty_components = std::move(update->empty_components);
  } else {
    accelerator_.rejected();
    mean = previous_;
  }
  jump_ = std::move(next_jump);
  result_.kernel = std::move(pass.kernel);
  result_.moment_kernel = std::move(pass.moment_kernel);
  result_.mean_log_likelihoods.push_back(mean);
  if (options_.callback) result_.stopped = options_.callback({iteration, mean, mean - previous_}) && !result_.converged;
  previous_ = mean;
  if (options_.check_interrupt) options_.check_interrupt();
}

}  // namespace gmmx
