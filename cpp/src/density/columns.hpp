// Loops over contiguous columns that compilers vectorise and Eigen 3.4 does not (its select() is scalar).
#pragma once

#include <limits>

#include "gmmx/views.hpp"

namespace gmmx {

// Where the column exceeds the best so far, it becomes the best and k its index. Indices are kept as T,
// so that numbers and indices fill the same vector registers; exact up to 2^24 columns.
template <class T>
void keep_larger(const T* column, T k, Index size, T* best, T* index) {
  for (Index n = 0; n < size; ++n) {
    const bool larger = column[n] > best[n];
    index[n] = larger ? k : index[n];
    best[n] = larger ? column[n] : best[n];
  }
}

// Eigen's vectorised exp() returns the least normal number where the result would be smaller: that is zero here.
template <class T>
void flush_tiny_to_zero(T* column, Index size) {
  constexpr T tiny = 64 * std::numeric_limits<T>::min();
  for (Index n = 0; n < size; ++n) column[n] = column[n] < tiny ? T(0) : column[n];
}

}  // namespace gmmx
