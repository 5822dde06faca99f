/// \file
/// Expectation-maximisation: rows -> e_step -> statistics -> m_step -> mixture -> again.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/prior.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// One pass over the n x d rows: 4 n K d^2 operations at most with full covariances. Rows are not checked: one that is
/// not finite spoils the sums. Safe to call from several threads at once. Nothing of size n x K is allocated; the
/// result does not depend on n_threads. \param sample_weight absent, or n non-negative finite weights: 2 means that the
/// row stands twice, 0 that it is absent \throws InvalidArgument where shapes disagree
template <class T>
GMMX_EXPORT SufficientStatistics e_step(MatrixView<const T> rows, const Mixture& mixture,
                                        VectorView<const double> sample_weight = {}, int n_threads = 1);

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

/// What a progress callback is told after each iteration.
struct IterationSummary {
  int iteration = 0;               ///< counts from 1
  double mean_log_likelihood = 0;  ///< per unit of weight, at the parameters before this iteration's M-step
  double change = 0;               ///< against the iteration before; infinity in the first
  Index start = 0;                 ///< of several that run together, from 0
};

/// How EM jumps ahead of its iterations. A jump that lowers the likelihood or is no mixture is taken back.
enum class Acceleration {
  none,
  anderson,  ///< combines the last six points
  squarem    ///< extrapolates two steps in a row
};

/// "none", "anderson" or "squarem". \throws InvalidArgument
GMMX_EXPORT Acceleration acceleration_from_string(std::string_view name);

struct EMOptions {
  double tol = 1e-3;        ///< stop when the mean log-likelihood changes by less, or by nothing but rounding; 0: never
  double reg_covar = 1e-6;  ///< added to the variances
  int max_iter = 100;       ///< most passes over the rows
  int n_threads = 1;
  Acceleration acceleration = Acceleration::none;  ///< none with a prior: jumps are judged by the likelihood alone
  bool rows_are_float = false;                     ///< what passes over rows elsewhere were computed in
  std::optional<ConjugatePrior> prior;             ///< EM then climbs the posterior density
  /// Mean log-likelihood of the iteration before the first; minus infinity: there was none.
  double previous_mean_log_likelihood = -std::numeric_limits<double>::infinity();
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
  std::vector<double> mean_log_likelihoods;  ///< one a pass; of a jump taken back, that before it
  std::vector<Index> empty_components;       ///< of the last M-step
  std::string kernel;         ///< how the last E-step computed densities; several joined by "+" where rows differed
  std::string moment_kernel;  ///< likewise, how it added up moments
};

/// Iterates from a given mixture until convergence; with max_iter = 0 not at all. \throws as e_step and m_step
template <class T>
GMMX_EXPORT EMResult em(MatrixView<const T> rows, const Mixture& start, VectorView<const double> sample_weight,
                        const EMOptions& options);

/// Passes over rows that lie elsewhere: the statistics of all of them at a mixture, as e_step() would return them.
using EStepElsewhere = std::function<SufficientStatistics(const Mixture&)>;

/// The same loop where the rows lie in files, processes or machines: it asks for their statistics once an iteration.
/// EMOptions::n_threads is not used, EMResult::kernel and moment_kernel empty. \throws what e_step throws; as m_step;
/// InvalidArgument where the statistics are not of the mixture that was asked for, or of no row
GMMX_EXPORT EMResult em(const EStepElsewhere& e_step, const Mixture& start, const EMOptions& options);

}  // namespace gmmx
