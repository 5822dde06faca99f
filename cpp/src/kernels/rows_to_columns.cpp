#include "kernels/rows_to_columns.hpp"

#include <algorithm>

#include "kernels/tiles.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

// Where rows of features without gaps go.
template <class T>
struct Copy {
  const T* rows;
  Index row_stride;
  Index n_rows;
  Index n_features;
  const T* origin;
  T* columns;
  Index stride;
};

template <class T>
void copy_strided(const Copy<T>& c, Index col_stride) {
  for (Index j = 0; j < c.n_features; ++j) {
    const T* const from = c.rows + j * col_stride;
    T* const to = c.columns + j * c.stride;
    for (Index n = 0; n < c.n_rows; ++n) to[n] = from[n * c.row_stride] - c.origin[j];
  }
}

// Features that lie side by side in memory are dealt out by the compiler's shuffles where their number is known.
template <int Features, class T>
void copy_few(const Copy<T>& c) {
  T origin[Features];
  T* to[Features];
  for (int j = 0; j < Features; ++j) {
    origin[j] = c.origin[j];
    to[j] = c.columns + j * c.stride;
  }
  for (Index n = 0; n < c.n_rows; ++n) {
    for (int j = 0; j < Features; ++j) to[j][n] = c.rows[n * Features + j] - origin[j];
  }
}

template <class T>
constexpr int smallest_packet_size = 16 / sizeof(T);

// Squares of packets are transposed; the last ones of a row or column overlap those before.
template <int Size, class T>
void copy_squares(const Copy<T>& c) {
  using namespace simd;
  using P = PacketOfAtMost<T, Size>;
  if (c.n_features < Size || c.n_rows < Size) {
    if constexpr (Size > smallest_packet_size<T>)
      copy_squares<Size / 2>(c);
    else  // also where there are no packets: Size is 1
      copy_strided(c, 1);
    return;
  }
  for (Index m = 0; m < c.n_rows; m += Size) {
    const Index n = std::min(m, c.n_rows - Size);
    for (Index i = 0; i < c.n_features; i += Size) {
      const Index j = std::min(i, c.n_features - Size);
      const P origin = load_unaligned<P>(c.origin + j);
      P square[Size];
      for (Index r = 0; r < Size; ++r)
        square[r] = subtract(load_unaligned<P>(c.rows + (n + r) * c.row_stride + j), origin);
      transpose(square);
      for (Index r = 0; r < Size; ++r) store_unaligned(c.columns + (j + r) * c.stride + n, square[r]);
    }
  }
}

}  // namespace

template <class T>
void copy_to_columns(MatrixView<const T> rows, Index begin, Index end, const T* origin, T* columns, Index stride) {
  constexpr int few = 4;
  if (begin == end) return;
  const Copy<T> copy{&rows(begin, 0), rows.row_stride(), end - begin, rows.cols(), origin, columns, stride};
  if (rows.col_stride() != 1) {
    copy_strided(copy, rows.col_stride());
  } else if (rows.cols() <= few && rows.row_stride() == rows.cols()) {
    with_width<few>(rows.cols(), [&](auto n_features) { copy_few<n_features>(copy); });
  } else {
    copy_squares<packet_size<T>>(copy);
  }
}

template void copy_to_columns(MatrixView<const float>, Index, Index, const float*, float*, Index);
template void copy_to_columns(MatrixView<const double>, Index, Index, const double*, double*, Index);

}  // namespace gmmx
