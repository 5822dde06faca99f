// What ways of adding up moments share: shifts, and sums on their way to the statistics.
#pragma once

#include <algorithm>
#include <type_traits>
#include <vector>

#include "density/block.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "kernels/monomials.hpp"
#include "kernels/scatter_matrix.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// Memberships that change no sum of a component by more than 1e-12 (float: 1e-7) of it, be its weight as small as 1e-10
// (float: 1e-6).
template <class T>
inline constexpr T negligible_resp = std::is_same_v<T, double> ? T(1e-25) : T(1e-15);

// Moments are added up about the shifts as T holds them: rows less these lose nothing that rows of this precision hold.
// shifts: row by row, of T or of double.
template <class T, class Shifts>
std::vector<double> as_held(const Shifts& shifts) {
  std::vector<double> held(shifts.data(), shifts.data() + shifts.size());
  for (double& number : held) number = static_cast<double>(static_cast<T>(number));
  return held;
}

// Packets run past the last row.
template <class T, class Columns>
void clear_beyond(const Block<T>& block, Columns& columns) {
  for (Index j = 0; j < columns.cols(); ++j) {
    std::fill_n(columns.data() + j * columns.outerStride() + block.size(), block.padded_size() - block.size(), T(0));
  }
}

// features x K (65). Of the form `pooled`, which has none for them, second moments stay as they are.
inline void unpack_features(const RowMajorMatrix<double>& sums, SufficientStatistics& s) {
  const Index d = s.n_features;
  VectorMap(s.counts.data(), s.n_components) = sums.row(0);
  MatrixMap(s.first_moments.data(), s.n_components, d) = sums.middleRows(1, d).transpose();
  const SecondMomentTraits& traits = traits_of(s.form);
  const Index n_second = traits.n_second_monomials(d);
  if (!traits.by_component || !traits.has_matrices()) {
    if (n_second > 0)
      MatrixMap(s.second_moments.data(), s.n_components, n_second) = sums.bottomRows(n_second).transpose();
    return;
  }
  for (Index k = 0; k < s.n_components; ++k) {
    MatrixMap second(s.second_moments.data() + k * d * d, d, d);
    Index at = 1 + d;
    for (Index i = 0; i < d; ++i) {
      for (Index j = i; j < d; ++j) second(i, j) = second(j, i) = sums(at++, k);
    }
  }
}

template <class T>
void unpack_scatter(const ScatterMatrices<T>& sums, SufficientStatistics& s) {
  for (Index k = 0; k < s.n_components; ++k) {
    s.counts[static_cast<std::size_t>(k)] = sums.count(k);
    sums.copy_first(k, s.first_moments.data() + k * s.n_features);
  }
  for (Index k = 0; k < sums.n_second(); ++k) {
    sums.copy_second(k, s.second_moments.data() + k * s.n_features * s.n_features);
  }
}

}  // namespace gmmx
