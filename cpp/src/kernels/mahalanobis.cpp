#include "kernels/mahalanobis.hpp"

#include <utility>

#include "kernels/tiles.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

// A tile's rows, in packets, and columns of U: its 24, 12 or 8 sums are kept in registers.
constexpr bool wide_packets = packet_size<float> * sizeof(float) >= 32;
constexpr int norm_packets = many_registers ? 4 : 2;
constexpr int norm_columns = many_registers || wide_packets ? 6 : 4;
constexpr int few_columns = 8;  // of U: these are worked on together

// differences: feature after feature of Packets of rows. Adds the squares of Columns of their products with U, whose
// first n_rows_of_u rows are not zero; the sums begin at start.
template <int Packets, int Columns, class T>
EIGEN_DONT_INLINE void add_squares(const T* differences, const T* u, const T* start, Index n_rows_of_u, T* norms) {
  using namespace simd;
  constexpr Index size = packet_size<T>;
  Packet<T> sum[Columns][Packets];
  for (int c = 0; c < Columns; ++c) {
    Packet<T> first = broadcast(T(0));
    if constexpr (!std::is_same_v<T, double>) first = broadcast(start[c]);
    for (auto& packet : sum[c]) packet = first;
  }
  for (Index j = 0; j < n_rows_of_u; ++j, differences += Packets * size, u += Columns) {
    Packet<T> value[Packets];
    for (int r = 0; r < Packets; ++r) value[r] = load(differences + r * size);
    for (int c = 0; c < Columns; ++c) {
      Packet<T> factor = broadcast(u[c]);
      keep_in_register(factor);
      for (int r = 0; r < Packets; ++r) sum[c][r] = multiply_add(value[r], factor, sum[c][r]);
    }
  }
  for (int r = 0; r < Packets; ++r) {
    Packet<T> squares = multiply(sum[0][r], sum[0][r]);
    for (int c = 1; c < Columns; ++c) squares = multiply_add(sum[c][r], sum[c][r], squares);
    store(norms + r * size, add(load(norms + r * size), squares));
  }
}

// All of it for few features: nothing leaves the registers. u: d x d, row after row.
template <int Features, class T>
EIGEN_DONT_INLINE void norms_of_few_features(const Panel<T>& rows, const T* u, const T* mean, const T* start,
                                             T constant, T* out) {
  using namespace simd;
  for (Index n = 0; n < rows.n_rows; n += packet_size<T>) {
    Packet<T> difference[Features];
    for (int j = 0; j < Features; ++j) {
      difference[j] = subtract(load(rows.values + j * rows.stride + n), broadcast(mean[j]));
    }
    Packet<T> norm = broadcast(T(0));
    for (int i = 0; i < Features; ++i) {
      Packet<T> sum = multiply(difference[0], broadcast(u[i]));
      if constexpr (!std::is_same_v<T, double>) sum = add(sum, broadcast(start[i]));
      for (int j = 1; j <= i; ++j) sum = multiply_add(difference[j], broadcast(u[j * Features + i]), sum);
      norm = multiply_add(sum, sum, norm);
    }
    store(out + n, subtract(broadcast(constant), multiply(broadcast(T(0.5)), norm)));
  }
}

}  // namespace

template <class T>
PackedUpper<T>::PackedUpper(const Matrix<T>& upper) {
  const Index together = upper.cols() <= few_columns ? few_columns : norm_columns;
  values_.reserve(static_cast<std::size_t>(upper.size()));
  for_even_shares(upper.cols(), together, [&](Index first, Index width) {
    for (Index j = 0; j < first + width; ++j) {
      for (Index i = first; i < first + width; ++i) values_.push_back(j <= i ? upper(j, i) : T(0));
    }
  });
}

template <class T>
MahalanobisKernel<T>::MahalanobisKernel(std::shared_ptr<const PackedUpper<T>> upper, RowVector<T> mean,
                                        const RowVector<T>& correction)
    : upper_(std::move(upper)), mean_(std::move(mean)), start_(-correction) {}

template <class T>
void MahalanobisKernel<T>::evaluate(const Panel<T>& rows, T constant, T* differences, T* out) const {
  using namespace simd;
  constexpr Index size = packet_size<T>;
  const Index d = rows.n_features;
  if (d <= few_columns) {
    with_width<few_columns>(d, [&](auto features) {
      norms_of_few_features<features()>(rows, upper_->data(), mean_.data(), start_.data(), constant, out);
    });
    return;
  }
  for_tiles_of<norm_packets>(rows.n_rows, size, [&](auto packets, Index n) {
    T* to = differences;
    for (Index j = 0; j < d; ++j) {
      const Packet<T> center = broadcast(mean_(j));
      for (int r = 0; r < packets; ++r, to += size) {
        store(to, subtract(load(rows.values + j * rows.stride + n + r * size), center));
      }
    }
    for (int r = 0; r < packets; ++r) store(out + n + r * size, broadcast(T(0)));
    const T* u = upper_->data();
    for_even_shares(d, norm_columns, [&](Index first, Index width) {
      with_width<norm_columns>(width, [&](auto columns) {
        add_squares<packets(), columns()>(differences, u, &start_(first), first + width, out + n);
      });
      u += width * (first + width);
    });
    for (int r = 0; r < packets; ++r) {
      T* const at = out + n + r * size;
      store(at, subtract(broadcast(constant), multiply(broadcast(T(0.5)), load(at))));
    }
  });
}

template class PackedUpper<float>;
template class PackedUpper<double>;
template class MahalanobisKernel<float>;
template class MahalanobisKernel<double>;

}  // namespace gmmx
