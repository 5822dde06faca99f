#include "panels/products.hpp"

#include <algorithm>
#include <utility>

#include "packets.hpp"

namespace gmmx {

namespace {

constexpr int tile_columns = many_registers ? 8 : 4;  // components of a tile: 24 or 12 sums are kept in registers
constexpr int tile_features = 3;                      // of a tile of weighted sums

template <class T, Index Packets, int Columns>
void linear_forms_tile(const T* phi, Index stride, Index n_features, const T* w, Index w_stride, T* out,
                       Index out_stride) {
  constexpr Index size = packet_size<T>;
  Packet<T> sum[Columns][Packets];
  for (int c = 0; c < Columns; ++c) {
    for (int r = 0; r < Packets; ++r) sum[c][r] = load(out + c * out_stride + r * size);
  }
  for (Index f = 0; f < n_features; ++f, phi += stride, w += w_stride) {
    Packet<T> x[Packets];
    for (int r = 0; r < Packets; ++r) x[r] = load(phi + r * size);
    for (int c = 0; c < Columns; ++c) {
      const Packet<T> b = broadcast(w[c]);
      for (int r = 0; r < Packets; ++r) sum[c][r] = Eigen::internal::pmadd(x[r], b, sum[c][r]);
    }
  }
  for (int c = 0; c < Columns; ++c) {
    for (int r = 0; r < Packets; ++r) store(out + c * out_stride + r * size, sum[c][r]);
  }
}

// The sums over four packets each, at once: halved down to four numbers, then transposed and added.
template <class T, class P>
void four_sums(const P& a, const P& b, const P& c, const P& d, T* totals) {
  using namespace Eigen::internal;
  if constexpr (unpacket_traits<P>::size > 4) {
    four_sums<T>(predux_half_dowto4(a), predux_half_dowto4(b), predux_half_dowto4(c), predux_half_dowto4(d), totals);
  } else {
    PacketBlock<P, 4> block{{a, b, c, d}};
    ptranspose(block);
    pstoreu(totals, padd(padd(block.packet[0], block.packet[1]), padd(block.packet[2], block.packet[3])));
  }
}

template <class T, int Features, int Columns>
void weighted_sums_tile(const T* phi, Index stride, Index n_rows, const T* resp, Index resp_stride, double* sums,
                        Index sums_stride) {
  Packet<T> sum[Columns][Features];
  for (int c = 0; c < Columns; ++c) {
    for (int f = 0; f < Features; ++f) sum[c][f] = broadcast(T(0));
  }
  for (Index n = 0; n < n_rows; n += packet_size<T>) {
    Packet<T> x[Features];
    for (int f = 0; f < Features; ++f) x[f] = load(phi + f * stride + n);
    for (int c = 0; c < Columns; ++c) {
      const Packet<T> r = load(resp + c * resp_stride + n);
      for (int f = 0; f < Features; ++f) sum[c][f] = Eigen::internal::pmadd(x[f], r, sum[c][f]);
    }
  }
  for (int f = 0; f < Features; ++f) {
    int c = 0;
    if constexpr (packet_size<T> >= 4) {
      for (; c + 4 <= Columns; c += 4) {
        T totals[4];
        four_sums<T>(sum[c][f], sum[c + 1][f], sum[c + 2][f], sum[c + 3][f], totals);
        for (int i = 0; i < 4; ++i) sums[f * sums_stride + c + i] += static_cast<double>(totals[i]);
      }
    }
    for (; c < Columns; ++c) {
      sums[f * sums_stride + c] += static_cast<double>(Eigen::internal::predux(sum[c][f]));
    }
  }
}

// The widest tile that evenly shared columns need.
inline Index even_share(Index n, Index most) {
  const Index tiles = (n + most - 1) / most;
  return (n + tiles - 1) / tiles;
}

// call(width as a constant), for 1 <= width <= tile_columns.
template <int Width = 1, class Call>
void with_width(Index width, Call call) {
  if constexpr (Width < tile_columns) {
    if (width > Width) return with_width<Width + 1>(width, call);
  }
  call(std::integral_constant<int, Width>());
}

}  // namespace

template <class T>
void add_linear_forms(const Panel<T>& panel, const T* coefficients, Index coefficient_stride, Index n_columns, T* out,
                      Index out_stride) {
  const Index share = even_share(n_columns, tile_columns);
  const auto tile = [&](auto packets, Index n, Index k) {
    with_width(std::min(share, n_columns - k), [&](auto columns) {
      linear_forms_tile<T, packets(), columns()>(panel.values + n, panel.stride, panel.n_features, coefficients + k,
                                                 coefficient_stride, out + k * out_stride + n, out_stride);
    });
  };
  constexpr std::integral_constant<Index, tile_rows<T> / packet_size<T>> whole;
  constexpr std::integral_constant<Index, 1> single;
  Index n = 0;
  for (; n + tile_rows<T> <= panel.n_rows; n += tile_rows<T>) {
    for (Index k = 0; k < n_columns; k += share) tile(whole, n, k);
  }
  for (; n < panel.n_rows; n += packet_size<T>) {
    for (Index k = 0; k < n_columns; k += share) tile(single, n, k);
  }
}

template <class T>
void add_weighted_sums(const Panel<T>& panel, const T* resp, Index resp_stride, Index n_columns, double* sums,
                       Index sums_stride) {
  const Index share = even_share(n_columns, tile_columns);
  const auto tile = [&](auto features, Index f, Index k) {
    with_width(std::min(share, n_columns - k), [&](auto columns) {
      weighted_sums_tile<T, features(), columns()>(panel.values + f * panel.stride, panel.stride, panel.n_rows,
                                                   resp + k * resp_stride, resp_stride, sums + f * sums_stride + k,
                                                   sums_stride);
    });
  };
  constexpr std::integral_constant<int, tile_features> whole;
  constexpr std::integral_constant<int, 1> single;
  for (Index k = 0; k < n_columns; k += share) {
    Index f = 0;
    for (; f + tile_features <= panel.n_features; f += tile_features) tile(whole, f, k);
    for (; f < panel.n_features; ++f) tile(single, f, k);
  }
}

#define GMMX_INSTANTIATE(T)                                                           \
  template void add_linear_forms(const Panel<T>&, const T*, Index, Index, T*, Index); \
  template void add_weighted_sums(const Panel<T>&, const T*, Index, Index, double*, Index);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
