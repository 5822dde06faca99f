/// \file
/// One row at a time, in real time.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// A mixture made ready to score single rows: nothing is allocated, locked or thrown while it does. About K d^2
/// operations a row where covariances are kept as matrices (full, tied, EEE to VVV), K d where as variances: at d = 16,
/// K = 8 with full covariances a quarter of a microsecond with AVX-512, less than one with SSE2.
///
/// T is float or double, the precision of rows and arithmetic. Results agree with those of score_samples(), predict()
/// and responsibilities() but for rounding. A row that holds NaN or infinity gets NaN, and no component (-1).
/// log p is minus infinity where T cannot hold it. Where double cannot hold any density, either, even in logarithms,
/// responsibilities are NaN, and there is no component (-1).
/// Copies are independent; scoring from several threads at once is safe.
template <class T>
class GMMX_EXPORT Scorer {
 public:
  /// Allocates; throws std::bad_alloc alone.
  explicit Scorer(const Mixture& mixture);

  Index n_components() const noexcept { return n_components_; }
  Index n_features() const noexcept { return n_features_; }

  /// log p(x). \param x n_features() numbers
  T score(const T* x) const noexcept;

  /// The component of the largest posterior probability, the first of equal ones; -1: see above. \param x
  /// n_features() numbers
  Index predict(const T* x) const noexcept;

  /// Posterior probabilities of the components; they sum to one. Returns log p(x).
  /// \param x n_features() numbers \param out n_components() numbers, written
  T responsibilities(const T* x, T* out) const noexcept;

 private:
  // Components side by side, so that a register holds the same number of several.
  static constexpr Index lanes = 8;

  Index n_groups() const noexcept { return (n_components_ + lanes - 1) / lanes; }
  // Of the last group not all lanes hold a component.
  Index n_lanes(Index group) const noexcept { return group + 1 < n_groups() ? lanes : n_components_ - group * lanes; }
  void weighted_log_prob(const T* x, Index group, T* out) const noexcept;
  bool is_finite(const T* x) const noexcept;
  // In double, for rows whose densities T cannot hold.
  double careful_log_prob(const T* x, Index k) const noexcept;
  Index careful_predict(const T* x) const noexcept;
  T careful_responsibilities(const T* x, T* out) const noexcept;

  Index n_components_;
  Index n_features_;
  bool diagonal_;             // all factors are
  std::vector<T> means_;      // group, feature, lane
  std::vector<T> factors_;    // group, a few columns of U_k at a time, row, column, lane; or the diagonals alone
  std::vector<T> starts_;     // group, feature, lane: -U_k^T times what T cannot hold of the mean
  std::vector<T> constants_;  // group, lane: log pi_k - d/2 log 2 pi + log det U_k
};

}  // namespace gmmx
