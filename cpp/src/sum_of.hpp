// Sums of contiguous numbers.
#pragma once

#include "gmmx/views.hpp"

namespace gmmx {

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

}  // namespace gmmx
