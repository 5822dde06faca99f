#include "kernels/linear_forms.hpp"

#include <algorithm>
#include <utility>

#include "kernels/tiles.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

constexpr int tile_columns = many_registers ? 8 : 4;  // components of a tile: 24 or 12 sums are kept in registers
constexpr int tile_features = 3;                      // of a tile of weighted sums

constexpr Index coefficients_at_once = Index{32} * 1024;  // 256 KiB of doubles: they stay in a second-level cache

template <class T>
Panel<T> from_feature(const Panel<T>& panel, Index f, Index n_features) {
  return {panel.values + f * panel.stride, panel.stride, panel.n_rows, n_features};
}
template <class T>
ProductPanel<T> from_feature(const ProductPanel<T>& panel, Index f, Index n_features) {
  return {panel.values, panel.stride, panel.factors + f, panel.n_rows, n_features};
}

// Feature f of a packet of rows from n on.
template <class T>
Packet<T> feature(const Panel<T>& panel, Index f, Index n) {
  return load(panel.values + f * panel.stride + n);
}
template <class T>
Packet<T> feature(const ProductPanel<T>& panel, Index f, Index n) {
  const Factors at = panel.factors[f];
  return simd::multiply(load(panel.values + at.left + n), load(panel.values + at.right + n));
}

// Sums of linear forms: a tile of registers.
template <class T, int Packets, int Columns>
struct Tile {
  Packet<T> sum[Columns][Packets];

  Tile() {
    for (auto& column : sum) {
      for (auto& packet : column) packet = broadcast(T(0));
    }
  }

  // Features first..end times their coefficients; w: those of `first`.
  template <class P>
  void accumulate(const P& panel, Index first, Index end, Index row, const T* w, Index w_stride) {
    for (Index f = first; f < end; ++f, w += w_stride) {
      Packet<T> x[Packets];
      for (int r = 0; r < Packets; ++r) x[r] = feature(panel, f, row + r * packet_size<T>);
      for (int c = 0; c < Columns; ++c) {
        Packet<T> b = broadcast(w[c]);
        keep_in_register(b);
        for (int r = 0; r < Packets; ++r) sum[c][r] = simd::multiply_add(x[r], b, sum[c][r]);
      }
    }
  }

  void add_to(T* out, Index out_stride) const {
    for (int c = 0; c < Columns; ++c) {
      for (int r = 0; r < Packets; ++r) {
        T* const at = out + c * out_stride + r * packet_size<T>;
        store(at, simd::add(load(at), sum[c][r]));
      }
    }
  }
};

template <int Packets, int Columns, class T, class P>
void linear_forms_tile(const P& panel, Index row, const T* w, Index w_stride, T* out, Index out_stride) {
  for (Index f = 0; f < panel.n_features; f += features_of_a_section) {
    Tile<T, Packets, Columns> tile;
    tile.accumulate(panel, f, std::min(f + features_of_a_section, panel.n_features), row, w + f * w_stride, w_stride);
    tile.add_to(out, out_stride);
  }
}

template <int Features, int Columns, class T, template <class> class P>
void weighted_sums_tile(const P<T>& panel, Index first, const T* resp, Index resp_stride, double* sums,
                        Index sums_stride) {
  Packet<T> sum[Columns][Features];
  for (int c = 0; c < Columns; ++c) {
    for (int f = 0; f < Features; ++f) sum[c][f] = broadcast(T(0));
  }
  const P<T> local = from_feature(panel, first, Features);
  for (Index n = 0; n < panel.n_rows; n += packet_size<T>) {
    Packet<T> x[Features];
    for (int f = 0; f < Features; ++f) x[f] = feature(local, f, n);
    for (int c = 0; c < Columns; ++c) {
      Packet<T> r = load(resp + c * resp_stride + n);
      keep_in_register(r);
      for (int f = 0; f < Features; ++f) sum[c][f] = simd::multiply_add(x[f], r, sum[c][f]);
    }
  }
  for (int f = 0; f < Features; ++f) {
    T totals[Columns];
    int c = 0;
    if constexpr (packet_size<T> >= 4) {
      for (; c + 4 <= Columns; c += 4) {
        simd::four_totals<T>(sum[c][f], sum[c + 1][f], sum[c + 2][f], sum[c + 3][f], totals + c);
      }
    }
    for (; c < Columns; ++c) totals[c] = simd::total_of(sum[c][f]);
    for (c = 0; c < Columns; ++c) sums[f * sums_stride + c] += static_cast<double>(totals[c]);
  }
}

}  // namespace

template <class T, template <class> class P>
void add_linear_forms(const P<T>& panel, const T* coefficients, Index coefficient_stride, Index n_columns, T* out,
                      Index out_stride) {
  const Index share = even_share(n_columns, tile_columns);
  const Index features_at_once = std::max<Index>(coefficients_at_once / coefficient_stride, 64);
  for (Index f = 0; f < panel.n_features; f += features_at_once) {
    const P<T> part = from_feature(panel, f, std::min(features_at_once, panel.n_features - f));
    const T* const w = coefficients + f * coefficient_stride;
    for_tiles_of<tile_rows<T> / packet_size<T>>(panel.n_rows, packet_size<T>, [&](auto packets, Index n) {
      for (Index k = 0; k < n_columns; k += share) {
        with_width<tile_columns>(std::min(share, n_columns - k), [&](auto columns) {
          linear_forms_tile<packets(), columns()>(part, n, w + k, coefficient_stride, out + k * out_stride + n,
                                                  out_stride);
        });
      }
    });
  }
}

template <class T, template <class> class P>
void add_weighted_sums(const P<T>& panel, const T* resp, Index resp_stride, Index n_columns, double* sums,
                       Index sums_stride) {
  const Index share = even_share(n_columns, tile_columns);
  for (Index k = 0; k < n_columns; k += share) {
    for_tiles_of<tile_features>(panel.n_features, 1, [&](auto features, Index f) {
      with_width<tile_columns>(std::min(share, n_columns - k), [&](auto columns) {
        weighted_sums_tile<features(), columns()>(panel, f, resp + k * resp_stride, resp_stride,
                                                  sums + f * sums_stride + k, sums_stride);
      });
    });
  }
}

#define GMMX_INSTANTIATE(P)                                                                    \
  template void add_linear_forms(const P&, const P::Number*, Index, Index, P::Number*, Index); \
  template void add_weighted_sums(const P&, const P::Number*, Index, Index, double*, Index);
GMMX_INSTANTIATE(Panel<float>)
GMMX_INSTANTIATE(Panel<double>)
GMMX_INSTANTIATE(ProductPanel<float>)
GMMX_INSTANTIATE(ProductPanel<double>)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
