// Rows and responsibilities that the tests of kernels share.
#pragma once

#include <algorithm>
#include <vector>

#include "exact.hpp"
#include "kernels/linear_forms.hpp"

namespace gmmx::testing {

constexpr double allowed = 12;  // units of rounding; without one term, or with another's, thousands

// Rows of a block, padded to whole packets; columns have a gap between them in every other shape.
template <class T>
struct RowBlock {
  RowBlock(Index n_rows, Index n_features, Random& random)
      : n(padded<T>(n_rows)), d(n_features), stride(n + (d % 2) * packet_size<T>), values((d - 1) * stride + n) {
    for (Index j = 0; j < d; ++j) {
      for (Index i = 0; i < n_rows; ++i) values[j * stride + i] = static_cast<T>(random.normal());
    }
  }
  long double operator()(Index i, Index j) const { return values[j * stride + i]; }
  Panel<T> panel() const { return {values.data(), stride, n, d}; }

  Index n;
  Index d;
  Index stride;
  Exact<T> values;
};

// K columns of responsibilities, zero beyond the rows.
template <class T>
struct RespBlock {
  RespBlock(Index n_rows, Index k, Random& random) : stride(padded<T>(n_rows)), values(k * stride) {
    for (Index c = 0; c < k; ++c) {
      for (Index i = 0; i < n_rows; ++i) values[c * stride + i] = static_cast<T>(random.uniform());
    }
  }
  long double operator()(Index i, Index k) const { return values[k * stride + i]; }

  Index stride;
  Exact<T> values;
};

template <class T>
std::vector<T> normals(Index size, Random& random) {
  std::vector<T> result(static_cast<std::size_t>(size));
  for (T& value : result) value = static_cast<T>(random.normal());
  return result;
}

template <class V>
auto at(const V& values, Index i) {
  return values[static_cast<std::size_t>(i)];
}

// Whole tiles of every kernel and what is left of them: from one packet of rows to eight. Some blocks are longer than
// what the kernels of moments work on at once.
template <class T>
Index rows_for(Index d, Index k) {
  if ((d + k) % 13 == 0) return Index{1024 / sizeof(T)} + 3;
  return std::max<Index>(1, packet_size<T> * (1 + (3 * d + k) % 8) - d % 3);
}

}  // namespace gmmx::testing
