#include "kernels/moments_many_components.hpp"

#include <algorithm>

#include "kernels/tiles.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

constexpr int group_packets = 2;    // registers of components that are worked on together
constexpr int right_features = 12;  // of a tile: its 24 sums are kept in registers
// Number of rows whose data for a group stay in the first-level cache.
template <class T>
constexpr Index rows_at_once = Index{1024 / sizeof(T)};

template <class T>
constexpr Index group_width = group_packets* packet_size<T>;

// rows(n, c) = column c of row n, for whole packets of rows.
template <class T>
void transpose_columns(const T* columns, Index stride, Index n_columns, Index n_rows, T* rows, Index row_stride) {
  constexpr Index size = packet_size<T>;
  for (Index n = 0; n < n_rows; n += size) {
    Index c = 0;
    for (; c + size <= n_columns; c += size) {
      Packet<T> square[size];
      for (Index i = 0; i < size; ++i) square[i] = load(columns + (c + i) * stride + n);
      transpose(square);
      for (Index i = 0; i < size; ++i) simd::store_unaligned(rows + (n + i) * row_stride + c, square[i]);
    }
    for (; c < n_columns; ++c) {
      for (Index i = 0; i < size; ++i) rows[(n + i) * row_stride + c] = columns[c * stride + n + i];
    }
  }
}

// left: a column; right: rows of right features, stride apart; resp: rows of a group.
template <int Right, class T>
void triangle_tile(const T* left, const T* right, Index stride, const T* resp, Index n_rows, Index n_components,
                   double* sums, Index sums_stride) {
  constexpr Index size = packet_size<T>;
  Packet<T> sum[Right][group_packets];
  for (int f = 0; f < Right; ++f) {
    for (int p = 0; p < group_packets; ++p) {
      sum[f][p] = broadcast(T(0));
      simd::prefetch(sums + f * sums_stride + p * size);
    }
  }
  for (Index n = 0; n < n_rows; ++n, right += stride, resp += group_width<T>) {
    Packet<T> weighted[group_packets];
    const Packet<T> factor = broadcast(left[n]);
    for (int p = 0; p < group_packets; ++p) weighted[p] = simd::multiply(load(resp + p * size), factor);
    for (int f = 0; f < Right; ++f) {
      Packet<T> x = broadcast(right[f]);
      keep_in_register(x);
      for (int p = 0; p < group_packets; ++p) sum[f][p] = simd::multiply_add(weighted[p], x, sum[f][p]);
    }
  }
  if (n_components >= group_width<T>) {
    for (int f = 0; f < Right; ++f) {
      for (int p = 0; p < group_packets; ++p) add_packet<T>(sum[f][p], sums + f * sums_stride + p * size);
    }
  } else {
    for (int f = 0; f < Right; ++f) {
      double totals[group_width<T>] = {};
      for (int p = 0; p < group_packets; ++p) add_packet<T>(sum[f][p], totals + p * size);
      for (Index k = 0; k < n_components; ++k) sums[f * sums_stride + k] += totals[k];
    }
  }
}

}  // namespace

template <class T>
void MomentsManyComponents<T>::add(const Panel<T>& columns, const T* resp, Index resp_stride, Index n_components,
                                   double* sums) {
  const Index n_features = columns.n_features;
  const Index share = even_share(n_features, right_features);
  if (right_.size() == 0) {
    right_.setZero(share, rows_at_once<T>);
    resp_.setZero(group_width<T>, rows_at_once<T>);
  }
  for (Index n = 0; n < columns.n_rows; n += rows_at_once<T>) {
    const Index n_rows = std::min(rows_at_once<T>, columns.n_rows - n);
    for (Index k = 0; k < n_components; k += group_width<T>) {
      const Index width = std::min(group_width<T>, n_components - k);
      transpose_columns(resp + k * resp_stride + n, resp_stride, width, n_rows, resp_.data(), group_width<T>);
      for (Index first = 0; first < n_features; first += share) {
        const Index end = std::min(first + share, n_features);
        transpose_columns(columns.values + first * columns.stride + n, columns.stride, end - first, n_rows,
                          right_.data(), share);
        for (Index i = 0; i < end; ++i) {
          const Index j = std::max(i, first);
          const Index pair = i * n_features - i * (i + 1) / 2 + j;  // of (i, j)
          with_width<right_features>(end - j, [&](auto right) {
            triangle_tile<right()>(columns.values + i * columns.stride + n, &right_(j - first, 0), share, resp_.data(),
                                   n_rows, width, sums + pair * n_components + k, n_components);
          });
        }
      }
    }
  }
}

template class MomentsManyComponents<float>;
template class MomentsManyComponents<double>;

}  // namespace gmmx
