// Loops over contiguous columns that compilers vectorise and Eigen 3.4 does not (its select() is scalar).
#pragma once

#include <cstdint>
#include <type_traits>

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

// How many numbers exceed the threshold; what is not a number does not.
template <class T>
Index count_above(const T* column, Index size, T threshold) {
  using Counter = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;  // as wide as T
  Counter count = 0;
  for (Index n = 0; n < size; ++n) count += column[n] > threshold ? 1 : 0;
  return static_cast<Index>(count);
}

// The sum in double, whatever T is.
template <class T>
double sum_of(const T* column, Index size) {
  constexpr Index lanes = 16;
  double sums[lanes] = {};
  Index n = 0;
  for (; n + lanes <= size; n += lanes) {
    for (Index i = 0; i < lanes; ++i) sums[i] += static_cast<double>(column[n + i]);
  }
  for (Index i = 0; n + i < size; ++i) sums[i] += static_cast<double>(column[n + i]);
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

// The column becomes exp(column - maximum), and is added to the sum.
template <class T>
void exponentials(T* column, const T* maximum, Index size, T* sum) {
  for (Index n = 0; n < size; ++n) column[n] = exponential(column[n] - maximum[n]);
  for (Index n = 0; n < size; ++n) sum[n] += column[n];
}

}  // namespace gmmx
