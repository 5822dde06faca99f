#include "kernels/moments_low_dim.hpp"

#include "kernels/tiles.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

template <int Features, class T>
EIGEN_DONT_INLINE void add_moments(const Panel<T>& rows, const T* resp, const T* shift, double* sums) {
  using namespace simd;
  constexpr int n_pairs = Features * (Features + 1) / 2;
  Packet<T> count = broadcast(T(0));
  Packet<T> first[Features];
  Packet<T> second[n_pairs];
  for (auto& packet : first) packet = count;
  for (auto& packet : second) packet = count;
  for (Index n = 0; n < rows.n_rows; n += packet_size<T>) {
    const Packet<T> r = load(resp + n);
    count = add(count, r);
    Packet<T> difference[Features];
    for (int j = 0; j < Features; ++j) {
      difference[j] = subtract(load(rows.values + j * rows.stride + n), broadcast(shift[j]));
    }
    int pair = 0;
    for (int i = 0; i < Features; ++i) {
      const Packet<T> weighted = multiply(r, difference[i]);
      first[i] = add(first[i], weighted);
      for (int j = i; j < Features; ++j, ++pair) second[pair] = multiply_add(weighted, difference[j], second[pair]);
    }
  }
  *sums++ += static_cast<double>(total_of(count));
  for (const auto& packet : first) *sums++ += static_cast<double>(total_of(packet));
  for (const auto& packet : second) *sums++ += static_cast<double>(total_of(packet));
}

}  // namespace

template <class T>
void add_moments_low_dim(const Panel<T>& rows, const T* resp, const T* shift, double* sums) {
  with_width<most_low_dim_features>(rows.n_features,
                                    [&](auto features) { add_moments<features()>(rows, resp, shift, sums); });
}

template void add_moments_low_dim(const Panel<float>&, const float*, const float*, double*);
template void add_moments_low_dim(const Panel<double>&, const double*, const double*, double*);

}  // namespace gmmx
