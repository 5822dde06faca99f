#include "kernels/quadratic_forms.hpp"

#include <algorithm>

#include "kernels/tiles.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

constexpr int tile_packets = 2;  // of rows
constexpr int tile_forms = 6;    // twelve inner sums: independent of each other, they hide what an addition takes

// Number of inner sums times x_i that are added before their sum joins the others. Rounding grows at most with the
// square root of such a number.
constexpr Index section_of_sums = 16;
constexpr Index packed_at_once = Index{16} * 1024;  // 128 KiB of doubles: they stay in a second-level cache

// The inner sums first..end times x_i, added to out, or to c where first is 0. w: their coefficients; where the next
// ones begin is returned.
template <int Packets, int Forms, class T>
EIGEN_DONT_INLINE const T* quadratic_tile(const Panel<T>& rows, Index row, Index first, Index end, const T* w, T* out,
                                          Index out_stride) {
  using namespace simd;
  constexpr Index size = packet_size<T>;
  Packet<T> total[Forms][Packets];
  for (auto& form : total) {
    for (auto& packet : form) packet = broadcast(T(0));
  }
  const T* const constants = w;
  if (first == 0) w += Forms;
  const T* left = rows.values + first * rows.stride + row;
  Packet<T> inner[Forms][Packets];  // declared in the loop, it would make GCC keep `total` in memory
  for (Index i = first; i < end; ++i, left += rows.stride) {
    for (int k = 0; k < Forms; ++k) {
      const Packet<T> b = broadcast(w[k]);
      for (int r = 0; r < Packets; ++r) inner[k][r] = b;
    }
    w += Forms;
    const T* right = left;
    for (Index j = i; j < rows.n_features; ++j, right += rows.stride, w += Forms) {
      Packet<T> value[Packets];
      for (int r = 0; r < Packets; ++r) value[r] = load(right + r * size);
      for (int k = 0; k < Forms; ++k) {
        Packet<T> factor = broadcast(w[k]);
        keep_in_register(factor);
        for (int r = 0; r < Packets; ++r) inner[k][r] = multiply_add(value[r], factor, inner[k][r]);
      }
    }
    for (int r = 0; r < Packets; ++r) {
      const Packet<T> value = load(left + r * size);
      for (int k = 0; k < Forms; ++k) total[k][r] = multiply_add(value, inner[k][r], total[k][r]);
    }
  }
  for (int k = 0; k < Forms; ++k, out += out_stride) {
    for (int r = 0; r < Packets; ++r) {
      const Packet<T> before = first == 0 ? broadcast(constants[k]) : load(out + r * size);
      store(out + r * size, add(before, total[k][r]));
    }
  }
  return w;
}

}  // namespace

template <class T>
QuadraticForms<T>::QuadraticForms(Index n_features, const Matrix<double>& coefficients)
    : n_forms_(coefficients.cols()) {
  packed_.reserve(static_cast<std::size_t>(coefficients.size()));
  for_even_shares(n_forms_, tile_forms, [&](Index first, Index width) {
    const auto append = [&](Index feature) {
      for (Index k = first; k < first + width; ++k) packed_.push_back(static_cast<T>(coefficients(feature, k)));
    };
    append(0);
    Index pair = 1 + n_features;
    for (Index i = 0; i < n_features; ++i) {
      append(1 + i);
      for (Index j = i; j < n_features; ++j) append(pair++);
    }
  });
}

template <class T>
void QuadraticForms<T>::evaluate(const Panel<T>& rows, T* out, Index out_stride) const {
  const Index d = rows.n_features;
  const T* w = packed_.data();
  for_even_shares(n_forms_, tile_forms, [&](Index first_form, Index width) {
    T* const columns = out + first_form * out_stride;
    const auto n_coefficients = [&](Index i) { return (1 + d - i) * width; };
    for (Index first = 0, end = 0; first < d; first = end) {
      Index size = 0;
      do {
        size += n_coefficients(end++);
      } while (end < d && size + n_coefficients(end) <= packed_at_once);
      const T* next = nullptr;
      with_width<tile_forms>(width, [&](auto forms) {
        for_tiles_of<tile_packets>(rows.n_rows, packet_size<T>, [&](auto packets, Index n) {
          next = w;
          for (Index i = first; i < end; i += section_of_sums) {
            const Index section_end = std::min(i + section_of_sums, end);
            next = quadratic_tile<packets(), forms()>(rows, n, i, section_end, next, columns + n, out_stride);
          }
        });
      });
      w = next;
    }
  });
}

template class QuadraticForms<float>;
template class QuadraticForms<double>;

}  // namespace gmmx
