// Sums of many numbers, in an order that no instruction set changes.
#pragma once

#include "gmmx/views.hpp"

namespace gmmx {

// The sum in double of number(n) for n < size, whatever its type.
template <class Number>
double sum_of_each(Index size, const Number& number) {
  constexpr Index lanes = 16;
  double sums[lanes] = {};
  Index n = 0;
  for (; n + lanes <= size; n += lanes) {
    for (Index i = 0; i < lanes; ++i) sums[i] += static_cast<double>(number(n + i));
  }
  for (Index i = 0; n + i < size; ++i) sums[i] += static_cast<double>(number(n + i));
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

// Of contiguous numbers.
template <class T>
double sum_of(const T* column, Index size) {
  return sum_of_each(size, [column](Index n) { return column[n]; });
}

}  // namespace gmmx
