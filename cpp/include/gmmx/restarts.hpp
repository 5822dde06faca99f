/// \file
/// Several restarts of EM at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gmmx/em.hpp"
#include "gmmx/export.hpp"
#include "gmmx/kmeans.hpp"

namespace gmmx {

/// Result of a restart: a fit, the place of a collapse, or the restart that it repeats.
struct StartOutcome {
  std::optional<EMResult> fit;
  int failed_iteration = 0;     ///< iteration whose M-step failed; 0: that of the initialization
  Index failed_component = -1;  ///< -1: the shared covariance
  /// An earlier restart from the same clustering that has a fit. This one was not run, because it would give the same
  /// fit with permuted components. -1: none.
  Index same_as = -1;
};

/// Runs EM from each mixture, in order. Restarts with few components share passes over the rows, starts_per_pass() at a
/// time. Results differ from those of em() by rounding. options.callback receives the number of the restart and ends
/// only that restart.
template <class T>
GMMX_EXPORT std::vector<StartOutcome> em_from_mixtures(const Rows<T>& rows, const std::vector<Mixture>& starts,
                                                       const MStep& m_step, const EMOptions& options, int n_threads);

/// Number of restarts that share a pass in em_from_mixtures(); 1 if that is fastest.
GMMX_EXPORT Index starts_per_pass(CovarianceType type, Index n_components);

/// How restarts run.
enum class StartPlan {
  side_by_side,  ///< each on one thread, from k-means on: em_from_kmeans()
  together,      ///< several in one pass over the rows: em_from_mixtures()
  in_turn        ///< one after another, each on all threads
};

/// "side_by_side", "together" or "in_turn". \throws InvalidArgument
GMMX_EXPORT std::string to_string(StartPlan plan);

struct StartShape {
  Index n_samples = 0;
  Index n_features = 0;
  Index n_components = 1;
  CovarianceType covariance_type = CovarianceType::full;
  bool from_kmeans = true;  ///< restarts begin with k-means, not with given mixtures
};

/// The fastest way to run n_init restarts. Restarts that somebody watches, iteration by iteration, run in turn.
GMMX_EXPORT StartPlan plan_starts(const StartShape& shape, Index n_init, bool watched);

/// Runs k-means and EM for each row of `uniforms` (restarts x kmeans_draws(n_components)), in order. For small data:
/// restarts run in parallel on n_threads, each on one thread, with the results of sequential runs. A clustering
/// that an earlier restart found is not fitted again (same_as). options.callback is not called, options.check_interrupt
/// is.
template <class T>
GMMX_EXPORT std::vector<StartOutcome> em_from_kmeans(const Rows<T>& rows, Index n_components, CovarianceSpec spec,
                                                     MatrixView<const double> uniforms, const MaximumLikelihood& m_step,
                                                     const EMOptions& options, int n_threads);

}  // namespace gmmx
