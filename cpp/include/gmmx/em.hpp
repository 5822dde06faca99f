/// \file
/// Expectation-maximisation: rows -> e_step -> statistics -> m_step -> mixture -> again.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/prior.hpp"
#include "gmmx/rows.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// One pass over the rows: 4 n K d^2 operations at most with full covariances. A row that is not finite spoils the
/// sums. Safe to call from several threads at once. Nothing of size n x K is allocated; the result does not depend on
/// n_threads. \throws InvalidArgument where shapes disagree or a weight is negative or not finite
template <class T>
GMMX_EXPORT SufficientStatistics e_step(const Rows<T>& rows, const Mixture& mixture, int n_threads = 1);

/// The mixture that maximises the expected complete-data log-likelihood; reg_covar is added to the variances.
/// An empty component stays at its shift, with weight and scatter zero. With a prior, that of the posterior mode.
/// \throws CollapsedComponent where a covariance is not positive definite; InvalidArgument
GMMX_EXPORT Mixture m_step(const SufficientStatistics& statistics, CovarianceType type, double reg_covar = 0.0,
                           const std::optional<ConjugatePrior>& prior = {});

/// The same for the type of `previous`, the mixture of the E-step. Where there is no closed form (EVE, VVE) the search
/// begins there, so that the likelihood never falls, and leaves to the next M-step what is not worth its time.
GMMX_EXPORT Mixture m_step(const SufficientStatistics& statistics, const Mixture& previous, double reg_covar = 0.0,
                           const std::optional<ConjugatePrior>& prior = {});

/// The covariances of a model that are nearest to given ones (K x d x d), that is: its M-step where each component has
/// these for W_k / N_k and the same weight. In the model's shape.
/// \throws CollapsedComponent, InvalidArgument
GMMX_EXPORT std::vector<double> nearest_covariances(CovarianceType type, Index n_components, Index n_features,
                                                    const std::vector<double>& covariances);

/// What one E-step of EM found.
struct EStepResult {
  EStepResult(SufficientStatistics sums, std::string densities = {}, std::string moments = {}, bool is_in_float = false)
      : statistics(std::move(sums)),
        kernel(std::move(densities)),
        moment_kernel(std::move(moments)),
        in_float(is_in_float) {}

  SufficientStatistics statistics;
  std::string kernel;         ///< how densities were computed, "features+cholesky-full" where blocks of rows differed
  std::string moment_kernel;  ///< likewise, how moments were summed
  bool in_float = false;      ///< computed in float: EM stops sooner where only rounding is left to gain
};

/// The first half of an iteration: from a mixture to the statistics of all rows at it. Those of rows in memory are
/// e_step_over(); where rows lie in files, processes or machines, derive from it.
class GMMX_EXPORT EStep {
 public:
  virtual ~EStep() = default;
  /// May throw: the exception reaches the caller of em().
  virtual EStepResult operator()(const Mixture& mixture) = 0;
  /// Whether in_double() is more exact than a result in float. It is asked for where such a result is not good enough.
  virtual bool has_double() const { return false; }
  virtual EStepResult in_double(const Mixture& mixture) { return (*this)(mixture); }
};

/// E-steps over rows in memory, which must live as long. \throws as e_step()
template <class T>
GMMX_EXPORT std::unique_ptr<EStep> e_step_over(const Rows<T>& rows, int n_threads = 1);

/// What one M-step found.
struct Update {
  Mixture next;
  double objective = 0;                 ///< at the mixture of the E-step, over all rows: what EM climbs
  std::vector<Index> empty_components;  ///< components without rows, which stay where they were
  double reg_covar = 0;                 ///< what the variances of jumps exceed
};

/// The second half of an iteration. `previous` is the mixture of the E-step.
using MStep = std::function<Update(const SufficientStatistics& statistics, const Mixture& previous)>;

/// The usual M-step. Its objective is the log-likelihood.
struct GMMX_EXPORT MaximumLikelihood {
  double reg_covar = 1e-6;              ///< added to the variances
  std::optional<ConjugatePrior> prior;  ///< parameters are then those of the posterior mode

  Update operator()(const SufficientStatistics& statistics, const Mixture& previous) const;
};

/// What a callback is told after each iteration.
struct IterationSummary {
  int iteration = 0;               ///< counts from 1
  double mean_log_likelihood = 0;  ///< or other objective, per unit of weight, before this iteration's M-step
  double change = 0;               ///< against the iteration before; infinity in the first
  Index start = 0;                 ///< of several that run together, from 0
};

/// Acceleration methods. An extrapolation that lowers the likelihood or is not a mixture is undone.
enum class Acceleration {
  none,
  anderson,  ///< combines the last six points
  squarem    ///< extrapolates two steps in a row
};

/// "none", "anderson" or "squarem". \throws InvalidArgument
GMMX_EXPORT Acceleration acceleration_from_string(std::string_view name);

struct EMOptions {
  double tol = 1e-3;   ///< stop when the mean objective changes by less, or by nothing but rounding; 0: never
  int max_iter = 100;  ///< most E-steps
  /// Jumps are judged by the log-likelihood: none where an M-step climbs something else.
  Acceleration acceleration = Acceleration::none;
  /// Mean objective of the iteration before the first; minus infinity: there was none.
  double previous_mean_log_likelihood = -std::numeric_limits<double>::infinity();
  /// Decides convergence in place of tol, where given. Asked after each iteration. May throw.
  std::function<bool(const IterationSummary&)> has_converged;
  /// Called after each iteration; true stops. May throw: the exception reaches the caller of em().
  std::function<bool(const IterationSummary&)> callback;
  /// Called often, after each iteration and while other threads are waited for, always by the thread that called the
  /// function these are options of. May throw to stop: all threads then end soon, and the exception reaches the caller.
  std::function<void()> check_interrupt;
};

struct EMResult {
  Mixture mixture;
  bool converged = false;
  bool stopped = false;                      ///< by the callback
  std::vector<double> mean_log_likelihoods;  ///< or other objectives, one a pass; of a jump taken back, that before it
  std::vector<Index> empty_components;       ///< of the last M-step
  std::string kernel;                        ///< of the last E-step
  std::string moment_kernel;                 ///< likewise
};

/// Iterates from a given mixture until convergence; with max_iter = 0 not at all. The only loop: rows in memory are
/// `em(*e_step_over(rows), start, MaximumLikelihood(), options)`.
/// \throws what e_step and m_step throw; InvalidArgument where statistics are not of the mixture that was asked for
GMMX_EXPORT EMResult em(EStep& e_step, const Mixture& start, const MStep& m_step, const EMOptions& options = {});

/// \throws InvalidArgument where jumps are asked for though there is a prior: they are judged by the likelihood alone
GMMX_EXPORT void check_acceleration(Acceleration acceleration, const std::optional<ConjugatePrior>& prior);

}  // namespace gmmx
