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

/// Makes one pass over the rows, with at most 4 n K d^2 operations for full covariances. A row that is not finite
/// invalidates the sums. Safe to call from several threads at once. Memory of size n x K is never allocated; the result
/// does not depend on n_threads. \throws InvalidArgument if shapes disagree or a weight is negative or not finite
template <class T>
GMMX_EXPORT SufficientStatistics e_step(const Rows<T>& rows, const Mixture& mixture, int n_threads = 1);

/// The mixture that maximises the expected complete-data log-likelihood; reg_covar is added to the variances.
/// An empty component keeps its shift as its mean, with weight and scatter zero. A prior gives the posterior mode.
/// \throws CollapsedComponent if a covariance is not positive definite; InvalidArgument
GMMX_EXPORT Mixture m_step(const SufficientStatistics& statistics, CovarianceSpec spec, double reg_covar = 0.0,
                           const std::optional<ConjugatePrior>& prior = {}, int n_threads = 1);

/// The same for the type of `previous`, the mixture of the E-step. If there is no closed form (EVE, VVE), the search
/// starts there, so the likelihood never decreases. It stops early once the gain per sweep is small; the next M-step
/// resumes from there.
GMMX_EXPORT Mixture m_step(const SufficientStatistics& statistics, const Mixture& previous, double reg_covar = 0.0,
                           const std::optional<ConjugatePrior>& prior = {}, int n_threads = 1);

/// The covariances of a model that are closest to given ones (K x d x d): the result of its M-step if W_k / N_k are the
/// given covariances and all weights are equal. In the shape of the model.
/// \throws CollapsedComponent, InvalidArgument
GMMX_EXPORT std::vector<double> nearest_covariances(CovarianceType type, Index n_components, Index n_features,
                                                    const std::vector<double>& covariances);

/// Result of an E-step.
struct EStepResult {
  EStepResult(SufficientStatistics sums, std::string densities = {}, std::string moments = {}, bool is_in_float = false)
      : statistics(std::move(sums)),
        kernel(std::move(densities)),
        moment_kernel(std::move(moments)),
        in_float(is_in_float) {}

  SufficientStatistics statistics;
  std::string kernel;         ///< how densities were computed, "features+cholesky-full" if blocks of rows differed
  std::string moment_kernel;  ///< likewise, how moments were summed
  bool in_float = false;      ///< computed in float: EM stops if only rounding is left to gain
};

/// Computes the statistics of all rows under a mixture. e_step_over() makes one for rows in memory. Derive from it for
/// rows in files, processes or machines.
class GMMX_EXPORT EStep {
 public:
  virtual ~EStep() = default;
  /// May throw: the exception reaches the caller of em().
  virtual EStepResult operator()(const Mixture& mixture) = 0;
  /// Whether in_double() is more accurate than a result in float. It is called if that is not accurate enough.
  virtual bool has_double() const { return false; }
  virtual EStepResult in_double(const Mixture& mixture) { return (*this)(mixture); }
};

/// Makes an E-step over rows in memory, which must outlive it. \throws like e_step()
template <class T>
GMMX_EXPORT std::unique_ptr<EStep> e_step_over(const Rows<T>& rows, int n_threads = 1);

/// Result of an M-step.
struct Update {
  Mixture next;
  double objective = 0;                 ///< what EM maximises, at the mixture of the E-step, over all rows
  std::vector<Index> empty_components;  ///< components without rows, which keep their means
  double reg_covar = 0;                 ///< lower bound of variances after an extrapolation
};

/// Computes the next mixture. `previous` is the mixture of the E-step.
using MStep = std::function<Update(const SufficientStatistics& statistics, const Mixture& previous)>;

/// The default M-step, whose objective is the log-likelihood.
struct GMMX_EXPORT MaximumLikelihood {
  double reg_covar = 1e-6;              ///< added to the variances
  std::optional<ConjugatePrior> prior;  ///< maximises the posterior density of the parameters
  int n_threads = 1;                    ///< for loops over many components

  Update operator()(const SufficientStatistics& statistics, const Mixture& previous) const;
};

/// Argument of a callback after each iteration.
struct IterationSummary {
  int iteration = 0;               ///< counts from 1
  double mean_log_likelihood = 0;  ///< or other objective, per unit weight, before the M-step of this iteration
  double change = 0;               ///< relative to the iteration before; infinity in the first
  Index start = 0;                 ///< number of the restart, from 0
};

/// Acceleration methods. An extrapolation that lowers the likelihood or is not a mixture is undone.
enum class Acceleration {
  none,
  anderson,  ///< combines the last six iterates
  squarem    ///< extrapolates two successive steps
};

/// "none", "anderson" or "squarem". \throws InvalidArgument
GMMX_EXPORT Acceleration acceleration_from_string(std::string_view name);

struct EMOptions {
  double tol = 1e-3;   ///< stop if the mean objective changes by less, or only by rounding; 0: never
  int max_iter = 100;  ///< maximum number of E-steps
  /// Extrapolations are judged by the log-likelihood, so use none with another objective.
  Acceleration acceleration = Acceleration::none;
  /// Mean objective of the iteration before the first; minus infinity if there was none.
  double previous_mean_log_likelihood = -std::numeric_limits<double>::infinity();
  /// Decides convergence instead of tol, if given. Called after each iteration. May throw.
  std::function<bool(const IterationSummary&)> has_converged;
  /// Called after each iteration; true stops. May throw: the exception reaches the caller of em().
  std::function<bool(const IterationSummary&)> callback;
  /// Called often by the calling thread, after each iteration and while waiting for other threads. May throw to stop:
  /// all threads then end soon, and the exception reaches the caller.
  std::function<void()> check_interrupt;
};

struct EMResult {
  Mixture mixture;
  bool converged = false;
  bool stopped = false;  ///< by the callback
  /// Or other objectives, one per pass; unchanged after an undone extrapolation.
  std::vector<double> mean_log_likelihoods;
  std::vector<Index> empty_components;  ///< of the last M-step
  std::string kernel;                   ///< of the last E-step
  std::string moment_kernel;            ///< likewise
};

/// Iterates from a given mixture until convergence, with max_iter = 0 not at all. This is the only loop: for rows in
/// memory it is `em(*e_step_over(rows), start, MaximumLikelihood(), options)`. \throws what e_step and m_step throw;
/// InvalidArgument if statistics belong to another mixture
GMMX_EXPORT EMResult em(EStep& e_step, const Mixture& start, const MStep& m_step, const EMOptions& options = {});

/// \throws InvalidArgument for acceleration with a prior, because extrapolations are judged by the likelihood
GMMX_EXPORT void check_acceleration(Acceleration acceleration, const std::optional<ConjugatePrior>& prior);

}  // namespace gmmx
