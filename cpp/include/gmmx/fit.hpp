/// \file
/// Fits a mixture in one call: k-means, EM, the best of several restarts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gmmx/covariance_type.hpp"
#include "gmmx/em.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Options of a fit. The defaults are those of the Python package.
struct FitOptions {
  Index n_components = 1;
  CovarianceSpec covariance = CovarianceType::full;
  double tol = 1e-3;        ///< stop if the mean log-likelihood changes by less; nonnegative
  double reg_covar = 1e-6;  ///< added to the variances; nonnegative
  int max_iter = 100;       ///< maximum number of passes over the rows in each restart
  int n_init = 1;           ///< restarts, of which the best is kept; one that collapses does not end the others
  std::uint64_t seed = 0;   ///< of k-means++; the same seed gives the same fit on any number of threads
  int n_threads = 1;        ///< see thread_count() for a sensible number
  Acceleration acceleration = Acceleration::none;
  std::optional<ConjugatePrior> prior;  ///< of means and covariances; see MaximumLikelihood
  /// Called by the calling thread after each iteration of each restart; true ends the fit with the best result so far.
  /// May throw: the exception reaches the caller of fit().
  std::function<bool(const IterationSummary&)> callback;
};

/// A restart in which a covariance was not positive definite.
struct FailedStart {
  Index start;      ///< from 0
  int iteration;    ///< iteration whose M-step failed, from 1; 0: that of the initialization
  Index component;  ///< -1: the shared covariance
};

/// Result of the best restart.
struct FitResult {
  Mixture mixture;
  bool converged = false;
  bool stopped = false;                      ///< by the callback
  std::vector<double> mean_log_likelihoods;  ///< per unit weight, before the M-step of each iteration
  double log_likelihood = 0.0;               ///< of all rows under `mixture`, weighted
  std::vector<Index> empty_components;       ///< of the last M-step
  std::string kernel;                        ///< how the last E-step computed densities, see EMResult
  std::string moment_kernel;                 ///< how it computed moments
  std::vector<FailedStart> failed_starts;

  int n_iter() const { return static_cast<int>(mean_log_likelihoods.size()); }
};

/// All restarts collapsed. The message suggests a remedy; the list names where.
class GMMX_EXPORT FitFailed : public Error {
 public:
  FitFailed(const std::string& what, std::vector<FailedStart> starts) : Error(what), starts_(std::move(starts)) {}
  const std::vector<FailedStart>& starts() const { return starts_; }

 private:
  std::vector<FailedStart> starts_;
};

/// Fits a mixture to n rows with d features (float or double). A pass over the rows takes 2 n K d^2 operations for full
/// covariances. Memory does not grow with n. Ties up to rounding keep the first restart.
///
/// Safe to call from several threads at once.
/// \throws InvalidArgument if an option is out of range, a row or weight is not finite, a weight is negative or there
/// are fewer rows than components; FitFailed if every restart collapsed
template <class T>
GMMX_EXPORT FitResult fit(const Rows<T>& rows, const FitOptions& options);

}  // namespace gmmx
