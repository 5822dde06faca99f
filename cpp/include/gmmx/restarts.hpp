/// \file
/// EM from several starts at once.
#pragma once

#include <optional>
#include <vector>

#include "gmmx/em.hpp"
#include "gmmx/export.hpp"
#include "gmmx/kmeans.hpp"

namespace gmmx {

/// A fit, or where it collapsed, or which other start it repeats.
struct StartOutcome {
  std::optional<EMResult> fit;
  int failed_iteration = 0;     ///< whose M-step failed; 0: that of the initial partition
  Index failed_component = -1;  ///< -1: the covariance that all share
  /// An earlier start from the same clusters, which has a fit: this one was not run, for it would end there, too, with
  /// the components in another order. -1: none.
  Index same_as = -1;
};

/// One run of EM for each mixture, in that order. Starts of few components go through the rows together: a pass over
/// them serves as many starts as starts_per_pass() says. Runs differ from those of em() by rounding.
/// options.callback is told which start an iteration belongs to, and ends that start alone.
template <class T>
GMMX_EXPORT std::vector<StartOutcome> em_from_mixtures(MatrixView<const T> rows, const std::vector<Mixture>& starts,
                                                       VectorView<const double> sample_weight,
                                                       const EMOptions& options);

/// How many starts em_from_mixtures() serves with one pass; 1 where that is quickest.
GMMX_EXPORT Index starts_per_pass(CovarianceType type, Index n_components);

/// For data so small that threads have more to do with starts than with rows: one run of k-means and EM for each row of
/// `uniforms` (starts x kmeans_draws(n_components)), in that order. Runs side by side on options.n_threads, each on
/// one: the results are those of one run after another. Clusters that an earlier start has found already are not fitted
/// again (same_as). options.callback is not called, options.check_interrupt is.
template <class T>
GMMX_EXPORT std::vector<StartOutcome> em_from_kmeans(MatrixView<const T> rows, Index n_components, CovarianceType type,
                                                     MatrixView<const double> uniforms,
                                                     VectorView<const double> sample_weight, const EMOptions& options);

}  // namespace gmmx
