// Loops over contiguous columns that compilers vectorise and Eigen 3.4 does not (its select() is scalar).
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "density/exponential.hpp"
#include "gmmx/views.hpp"
#include "simd.hpp"

namespace gmmx {

// index[n] = the first of the columns, `stride` apart, that is largest at row n; rows up to a whole packet are read and
// written. An index is a T, so that it fills the same register as the numbers; exact up to 2^24 columns. largest[n], if
// asked for: the number there, or NaN where any of the row is not a number.
template <class T>
void largest_column(const T* columns, Index stride, Index n_columns, Index n_rows, T* index, T* largest = nullptr) {
  using namespace simd;
  constexpr Index together = 4;  // comparisons that do not wait for each other
  const auto find = [&](Index n, auto width, auto is_wanted) {
    Packet<T> best[width];
    Packet<T> found[width];
    Packet<T> sum[width];  // not a number where one of its terms is not
    for (int i = 0; i < width; ++i) {
      best[i] = load(columns + n + i * packet_size<T>);
      found[i] = broadcast(T(0));
      sum[i] = best[i];
    }
    for (Index k = 1; k < n_columns; ++k) {
      const Packet<T> number = broadcast(static_cast<T>(k));
      for (int i = 0; i < width; ++i) {
        const Packet<T> value = load(columns + k * stride + n + i * packet_size<T>);
        const Packet<T> larger = less(best[i], value);
        found[i] = select(larger, number, found[i]);
        best[i] = select(larger, value, best[i]);
        if constexpr (is_wanted) sum[i] = add(sum[i], value);
      }
    }
    for (int i = 0; i < width; ++i) {
      store(index + n + i * packet_size<T>, found[i]);
      if constexpr (is_wanted) {
        store(largest + n + i * packet_size<T>, select(equal(sum[i], sum[i]), best[i], sum[i]));
      }
    }
  };
  const auto find_all = [&](auto is_wanted) {
    Index n = 0;
    for (; n + together * packet_size<T> <= n_rows; n += together * packet_size<T>)
      find(n, std::integral_constant<int, together>(), is_wanted);
    for (; n < n_rows; n += packet_size<T>) find(n, std::integral_constant<int, 1>(), is_wanted);
  };
  largest == nullptr ? find_all(std::false_type()) : find_all(std::true_type());
}

// The same index; the largest number of each row and the second largest, which equals it where two are largest.
template <class T>
void two_largest_columns(const T* columns, Index stride, Index n_columns, Index n_rows, T* index, T* largest,
                         T* second) {
  using namespace simd;
  for (Index n = 0; n < n_rows; n += packet_size<T>) {
    Packet<T> best = load(columns + n);
    Packet<T> next = broadcast(-std::numeric_limits<T>::infinity());
    Packet<T> found = broadcast(T(0));
    for (Index k = 1; k < n_columns; ++k) {
      const Packet<T> value = load(columns + k * stride + n);
      const Packet<T> larger = less(best, value);
      next = larger_of(next, smaller_of(best, value));
      found = select(larger, broadcast(static_cast<T>(k)), found);
      best = larger_of(best, value);
    }
    store(index + n, found);
    store(largest + n, best);
    store(second + n, next);
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

// The column becomes exp(column - maximum), and is added to the sum.
template <class T>
void exponentials(T* column, const T* maximum, Index size, T* sum) {
  for (Index n = 0; n < size; ++n) column[n] = exponential(column[n] - maximum[n]);
  for (Index n = 0; n < size; ++n) sum[n] += column[n];
}

}  // namespace gmmx
