/// \file
/// One row at a time, in real time.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// A mixture prepared for scoring single rows, which never allocates, locks or throws. A row costs about K d^2
/// operations if covariances are matrices (full, tied, EEE to VVV), K d if they are variances. With d = 16, K = 8 and
/// full covariances it takes a quarter of a microsecond with AVX-512, less than one with SSE2.
///
/// T is float or double, the precision of rows and arithmetic. Results agree with those of score_samples(), predict()
/// and responsibilities() up to rounding. A row that contains NaN or infinity scores NaN, and its component is -1. log
/// p is minus infinity if T cannot represent it. If double cannot represent the logarithm of any density, the
/// responsibilities are NaN and the component is -1. Copies are independent; scoring from several threads at once is
/// safe.
template <class T>
class GMMX_EXPORT Scorer {
 public:
  /// Allocates; may only throw std::bad_alloc.
  explicit Scorer(const Mixture& mixture);

  Index n_components() const noexcept { return n_components_; }
  Index n_features() const noexcept { return n_features_; }

  /// log p(x). \param x n_features() numbers
  T score(const T* x) const noexcept;

  /// The component with the largest posterior probability; ties select the first. -1: see above.
  /// \param x n_features() numbers
  Index predict(const T* x) const noexcept;

  /// Posterior probabilities of the components; they sum to one. Returns log p(x).
  /// \param x n_features() numbers \param out n_components() numbers, output
  T responsibilities(const T* x, T* out) const noexcept;

 private:
  // Components are interleaved, so that a register holds the same entry of several.
  static constexpr Index lanes = 8;

  Index n_groups() const noexcept { return (n_components_ + lanes - 1) / lanes; }
  // Some lanes of the last group are unused.
  Index n_lanes(Index group) const noexcept { return group + 1 < n_groups() ? lanes : n_components_ - group * lanes; }
  void weighted_log_prob(const T* x, Index group, T* out) const noexcept;
  bool is_finite(const T* x) const noexcept;
  // In double, for rows whose densities T cannot represent.
  double careful_log_prob(const T* x, Index k) const noexcept;
  Index careful_predict(const T* x) const noexcept;
  T careful_responsibilities(const T* x, T* out) const noexcept;

  Index n_components_;
  Index n_features_;
  bool diagonal_;             // whether all factors are
  std::vector<T> means_;      // group, feature, lane
  std::vector<T> factors_;    // group, a few columns of U_k at a time, row, column, lane; or only the diagonals
  std::vector<T> starts_;     // group, feature, lane: -U_k^T times the rounding error of the mean in T
  std::vector<T> constants_;  // group, lane: log pi_k - d/2 log 2 pi + log det U_k
};

}  // namespace gmmx
