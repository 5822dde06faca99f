#include "kernels/row_scores.hpp"

#include <algorithm>

#include "kernels/linear_forms.hpp"
#include "kernels/tiles.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

constexpr int packets_of_tile = many_registers ? 4 : 3;  // of columns

constexpr int rows_of_tile(int packets) {
  if (!many_registers) return packets == 1 ? 8 : 4;
  return packets == packets_of_tile ? 6 : 8;
}

template <class P, int Rows, int Packets, class T>
void row_scores_tile(const RowList<T>& list, Index first, const T* origin, const T* coefficients, Index stride,
                     T* out) {
  using namespace simd;
  constexpr Index lanes = size_of_packet<P>;
  const Index d = list.rows.cols();
  const Index col_stride = list.rows.col_stride();
  const Index n_rows = std::min<Index>(Rows, list.size - first);
  const T* row[Rows];  // beyond the last one, that again
  for (Index r = 0; r < Rows; ++r) row[r] = &list.rows(list.numbers[first + std::min(r, n_rows - 1)], 0);
  for (Index begin = 0; begin < d; begin += features_of_a_section) {
    P sum[Rows][Packets];
    for (auto& of_row : sum) {
      for (P& packet : of_row) packet = fill<P>(T(0));
    }
    const Index end = std::min(begin + features_of_a_section, d);
    for (Index f = begin; f < end; ++f) {
      P w[Packets];
      for (int p = 0; p < Packets; ++p) w[p] = load_unaligned<P>(coefficients + f * stride + p * lanes);
      const P at_origin = fill<P>(origin[f]);
      for (int r = 0; r < Rows; ++r) {
        const P x = subtract(fill<P>(row[r][f * col_stride]), at_origin);
        for (int p = 0; p < Packets; ++p) sum[r][p] = multiply_add(x, w[p], sum[r][p]);
      }
    }
    for (Index r = 0; r < Rows; ++r) {
      if (r == n_rows) break;
      T* const to = out + (first + r) * stride;
      for (int p = 0; p < Packets; ++p)
        store_unaligned(to + p * lanes, add(load_unaligned<P>(to + p * lanes), sum[r][p]));
    }
  }
}

template <class P, class T>
void add_with_packets_of(const RowList<T>& list, const T* origin, const T* coefficients, Index n_columns, Index stride,
                         T* out) {
  constexpr Index lanes = size_of_packet<P>;
  const Index n_packets = (n_columns + lanes - 1) / lanes;
  for_even_shares(n_packets, packets_of_tile, [&](Index first, Index width) {
    with_width<packets_of_tile>(width, [&](auto packets) {
      constexpr int n_rows = rows_of_tile(packets());
      for (Index i = 0; i < list.size; i += n_rows)
        row_scores_tile<P, n_rows, packets()>(list, i, origin, coefficients + first * lanes, stride,
                                              out + first * lanes);
    });
  });
}

}  // namespace

template <class T>
void add_row_scores(const RowList<T>& list, const T* origin, const T* coefficients, Index n_columns, Index stride,
                    T* out) {
  using Half = PacketOfAtMost<T, (packet_size<T> > 4 ? packet_size<T> / 2 : packet_size<T>)>;
  constexpr Index half = size_of_packet<Half>;
  // Half as wide where that leaves a third of the lanes less to fill, or else a row would be broadcast to one packet
  // only.
  if (n_columns <= packet_size<T> || (n_columns + half - 1) / half * half * 4 <= padded<T>(n_columns) * 3) {
    add_with_packets_of<Half>(list, origin, coefficients, n_columns, stride, out);
  } else {
    add_with_packets_of<Packet<T>>(list, origin, coefficients, n_columns, stride, out);
  }
}

template void add_row_scores(const RowList<float>&, const float*, const float*, Index, Index, float*);
template void add_row_scores(const RowList<double>&, const double*, const double*, Index, Index, double*);

}  // namespace gmmx
