// A block of rows on its way through a pass: loaded in the precision that it is computed in, with its weights.
#pragma once

#include <type_traits>

#include "density/widening_loader.hpp"
#include "gmmx/rows.hpp"
#include "rows/row_weights.hpp"

namespace gmmx {

// Rows of T that are computed in C, which is T or double.
template <class T, class C>
class RowBlock {
 public:
  RowBlock(Index capacity, Index n_features)
      : numbers(capacity, n_features), weights(capacity), loader_(capacity, n_features) {}

  // Rows begin to end - 1. The origin must live as long as the block is worked on.
  void load(const Rows<T>& rows, Index begin, Index end, const RowVector<C>& origin) {
    if constexpr (std::is_same_v<T, C>) {
      numbers.load(rows.x, begin, end, origin);
    } else {
      loader_.load(rows.x, begin, end, origin, numbers);
    }
    weights.load(rows.weight, begin, end);
  }

  Block<C> numbers;
  RowWeights<C> weights;

 private:
  struct Nothing {
    Nothing(Index, Index) {}
  };
  std::conditional_t<std::is_same_v<T, C>, Nothing, WideningLoader> loader_;
};

}  // namespace gmmx
