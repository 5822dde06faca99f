// Loops over contiguous columns that compilers vectorise and Eigen 3.4 does not (its select() is scalar).
#pragma once

#include "density/exponential.hpp"
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

// The column becomes exp(column - maximum), and is added to the sum.
template <class T>
void exponentials(T* column, const T* maximum, Index size, T* sum) {
  for (Index n = 0; n < size; ++n) column[n] = exponential(column[n] - maximum[n]);
  for (Index n = 0; n < size; ++n) sum[n] += column[n];
}

}  // namespace gmmx
