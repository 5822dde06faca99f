// A block of rows on its way through a pass: loaded in the precision that it is computed in, with its weights.
#pragma once

#include <type_traits>

#include "density/block.hpp"
#include "gmmx/rows.hpp"
#include "rows/row_weights.hpp"

namespace gmmx {

// Rows of T that are computed in C: T, or double for sums and densities that float cannot hold.
template <class T, class C>
class RowBlock {
 public:
  RowBlock(Index capacity, Index n_features)
      : numbers(capacity, n_features), weights(capacity), wide_(is_wider ? capacity : 0, n_features) {}

  // Rows begin to end - 1. The origin must live as long as the block is worked on.
  void load(const Rows<T>& rows, Index begin, Index end, const RowVector<C>& origin) {
    weights.load(rows.weight, begin, end);
    if constexpr (is_wider) {
      for (Index n = begin; n < end; ++n) {
        for (Index j = 0; j < rows.n_features(); ++j) wide_(n - begin, j) = static_cast<C>(rows.x(n, j));
      }
      numbers.load(MatrixView<const C>(wide_.data(), end - begin, rows.n_features()), 0, end - begin, origin);
    } else {
      numbers.load(rows.x, begin, end, origin);
    }
  }

  Block<C> numbers;
  RowWeights weights;

 private:
  static constexpr bool is_wider = !std::is_same_v<T, C>;
  RowMajorMatrix<C> wide_;
};

}  // namespace gmmx
