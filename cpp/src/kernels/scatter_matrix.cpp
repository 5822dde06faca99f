#include "kernels/scatter_matrix.hpp"

#include <utility>

#include "kernels/tiles.hpp"

namespace gmmx {

namespace {

constexpr int group_panels = 3;  // that are weighted together
// Number of entries of another panel that multiply a tile of this many panels: as many sums as registers can hold, and
// enough to hide the latency of an addition.
template <class T>
constexpr int tile_width(int n_panels) {
  const int width = many_registers || n_panels == 1 ? 8 : 4;
  return width < packet_size<T> ? width : static_cast<int>(packet_size<T>);
}
// Number of rows whose weighted panels stay in the first-level cache.
template <class T>
constexpr Index scatter_rows = Index{1024 / sizeof(T)};

// A panel times itself: packets of sums, one a distance between two features. The packet holds them for all places of
// the first feature, counted round the panel, so that half of the distances are enough.
template <class T>
constexpr int n_distances = static_cast<int>(packet_size<T> / 2) + 1;

// For each group of panels begin(first, n_panels), then square(panel) for its panels by themselves and for its tiles
// tile(first, n_panels, j): panels first and on, of the group, by the numbers of a row from feature j of another panel
// on.
template <class T, class Begin, class Square, class Tile>
void for_tiles(Index n_panels, Begin begin, Square square, Tile tile) {
  constexpr Index size = packet_size<T>;
  for (Index group = 0, end = 0; group < n_panels; group = end) {
    end = group + even_share(n_panels - group, group_panels);
    begin(group, end - group);
    for (Index panel = group; panel < end; ++panel) square(panel);
    for (Index panel = 0; panel < end - 1; ++panel) {
      const Index first = std::max(panel + 1, group);
      const Index width = tile_width<T>(static_cast<int>(end - first));
      for (Index j = panel * size; j < (panel + 1) * size; j += width) tile(first, end - first, j);
    }
  }
}

// weighted(n) = resp(n) times the panels of row n, side by side.
template <int Panels, class T>
EIGEN_DONT_INLINE void weigh(const T* panels, Index stride, const T* resp, Index n_rows, T* weighted, double* sums) {
  using namespace simd;
  constexpr Index size = packet_size<T>;
  Packet<T> sum[Panels];
  for (auto& packet : sum) packet = broadcast(T(0));
  for (Index n = 0; n < n_rows; ++n, weighted += Panels * size) {
    const Packet<T> factor = broadcast(resp[n]);
    for (int p = 0; p < Panels; ++p) {
      const Packet<T> product = multiply(load(panels + p * stride + n * size), factor);
      store(weighted + p * size, product);
      sum[p] = add(sum[p], product);
    }
  }
  for (int p = 0; p < Panels; ++p) add_packet<T>(sum[p], sums + p * size);
}

// left: some of the weighted panels, whose rows are left_stride apart; right: from one number of a panel on.
template <int Panels, int Width, class T>
EIGEN_DONT_INLINE void scatter_tile(const T* left, Index left_stride, const T* right, Index n_rows, double* sums) {
  using namespace simd;
  constexpr Index size = packet_size<T>;
  constexpr Index line = 64 / sizeof(double);
  constexpr Index n_sums = Index{Width} * Panels * size;
  for (Index i = 0; i < n_sums; i += line) prefetch(sums + i);
  Packet<T> sum[Width][Panels];
  for (auto& column : sum) {
    for (auto& packet : column) packet = broadcast(T(0));
  }
  for (Index n = 0; n < n_rows; ++n, left += left_stride, right += size) {
    Packet<T> value[Panels];
    for (int p = 0; p < Panels; ++p) value[p] = load(left + p * size);
    for (int j = 0; j < Width; ++j) {
      Packet<T> factor = broadcast(right[j]);
      keep_in_register(factor);
      for (int p = 0; p < Panels; ++p) sum[j][p] = multiply_add(value[p], factor, sum[j][p]);
    }
  }
  for (int j = 0; j < Width; ++j) {
    for (int p = 0; p < Panels; ++p) add_packet<T>(sum[j][p], sums + (j * Panels + p) * size);
  }
}

// Adds a row to sums: its weighted panel times the panel turned by each distance.
template <class T, int... Distances>
EIGEN_ALWAYS_INLINE void add_square(const Packet<T>& weighted, const Packet<T>& row, Packet<T>* sum,
                                    std::integer_sequence<int, Distances...>) {
  ((sum[Distances] = simd::multiply_add(weighted, simd::turned<Distances>(row), sum[Distances])), ...);
}

// left: a weighted panel, whose rows are left_stride apart; right: the panel.
template <class T>
EIGEN_DONT_INLINE void square_tile(const T* left, Index left_stride, const T* right, Index n_rows, double* sums) {
  using namespace simd;
  constexpr Index size = packet_size<T>;
  constexpr auto distances = std::make_integer_sequence<int, n_distances<T>>();
  Packet<T> sum[2][n_distances<T>];  // of even and of odd rows: one would wait for its last addition
  for (auto& of_parity : sum) {
    for (auto& packet : of_parity) packet = broadcast(T(0));
  }
  const auto add_row = [&](Index n, int parity) {
    add_square<T>(load(left + n * left_stride), load(right + n * size), sum[parity], distances);
  };
  Index n = 0;
  for (; n + 2 <= n_rows; n += 2) {
    add_row(n, 0);
    add_row(n + 1, 1);
  }
  if (n < n_rows) add_row(n, 0);
  for (int r = 0; r < n_distances<T>; ++r) add_packet<T>(add(sum[0][r], sum[1][r]), sums + r * size);
}

template <class T>
Index n_tile_sums(Index n_panels) {
  Index size = 0;
  for_tiles<T>(
      n_panels, [](Index, Index) {}, [&](Index) { size += n_distances<T> * packet_size<T>; },
      [&](Index, Index n, Index) { size += n * packet_size<T> * tile_width<T>(static_cast<int>(n)); });
  return padded<double>(size);
}

}  // namespace

template <class T>
void pack_rows(const Panel<T>& columns, T* panels, Index stride) {
  constexpr Index size = packet_size<T>;
  for (Index first = 0; first < columns.n_features; first += size, panels += stride) {
    const Index width = std::min(size, columns.n_features - first);
    for (Index n = 0; n < columns.n_rows; n += size) {
      Packet<T> square[size];
      for (Index i = 0; i < size; ++i) {
        square[i] = i < width ? load(columns.values + (first + i) * columns.stride + n) : broadcast(T(0));
      }
      transpose(square);
      for (Index i = 0; i < size; ++i) store(panels + (n + i) * size, square[i]);
    }
  }
}

template <class T>
RowPanels<T> gather_rows(const RowPanels<T>& rows, const Index* which, Index n_rows, const T* shift, T* panels) {
  constexpr Index size = packet_size<T>;
  for (Index panel = 0; panel < n_panels_of<T>(rows.n_features); ++panel) {
    alignas(64) T center[size] = {};
    std::copy_n(shift + panel * size, std::min(size, rows.n_features - panel * size), center);
    const Packet<T> packet = load(center);
    const T* const from = rows.values + panel * rows.stride;
    T* const to = panels + panel * rows.stride;
    for (Index n = 0; n < n_rows; ++n) store(to + n * size, simd::subtract(load(from + which[n] * size), packet));
  }
  return {panels, rows.stride, n_rows, rows.n_features};
}

template <class T>
ScatterMatrices<T>::ScatterMatrices(Index n_features, Index n_components, bool common)
    : n_features_(n_features),
      n_panels_(n_panels_of<T>(n_features)),
      counts_(Column<double>::Zero(n_components)),
      first_moments_(Array<double>::Zero(n_panels_ * packet_size<T>, n_components)),
      tile_sums_(Array<double>::Zero(n_tile_sums<T>(n_panels_), common ? 1 : n_components)),
      weighted_(group_panels * packet_size<T>, scatter_rows<T>) {}

template <class T>
void ScatterMatrices<T>::add(const RowPanels<T>& rows, const T* resp, double total, Index k) {
  constexpr Index size = packet_size<T>;
  counts_(k) += total;
  for (Index n = 0; n < rows.n_rows; n += scatter_rows<T>) {
    const Index n_rows = std::min(scatter_rows<T>, rows.n_rows - n);
    const T* const values = rows.values + n * size;
    double* tile_sums = &tile_sums_(0, n_second() == 1 ? 0 : k);
    Index group = 0;
    Index left_stride = 0;
    for_tiles<T>(
        n_panels_,
        [&](Index first, Index n_panels) {
          group = first;
          left_stride = n_panels * size;
          with_width<group_panels>(n_panels, [&](auto panels) {
            weigh<panels()>(values + first * rows.stride, rows.stride, resp + n, n_rows, weighted_.data(),
                            &first_moments_(first * size, k));
          });
        },
        [&](Index panel) {
          square_tile<T>(weighted_.data() + (panel - group) * size, left_stride, values + panel * rows.stride, n_rows,
                         tile_sums);
          tile_sums += n_distances<T> * size;
        },
        [&](Index first, Index n_panels, Index j) {
          const T* const left = weighted_.data() + (first - group) * size;
          const T* const right = values + j / size * rows.stride + j % size;
          with_width<group_panels>(n_panels, [&](auto panels) {
            constexpr int width = tile_width<T>(panels());
            scatter_tile<panels(), width>(left, left_stride, right, n_rows, tile_sums);
            tile_sums += panels() * size * width;
          });
        });
  }
}

template <class T>
void ScatterMatrices<T>::merge(ScatterMatrices& other) {
  counts_ += other.counts_;
  first_moments_ += other.first_moments_;
  tile_sums_ += other.tile_sums_;
  other.counts_.setZero();
  other.first_moments_.setZero();
  other.tile_sums_.setZero();
}

template <class T>
void ScatterMatrices<T>::copy_first(Index k, double* first) const {
  std::copy_n(&first_moments_(0, k), n_features_, first);
}

template <class T>
void ScatterMatrices<T>::copy_second(Index k, double* second) const {
  constexpr Index size = packet_size<T>;
  const Index d = n_features_;
  const double* sum = &tile_sums_(0, k);
  for_tiles<T>(
      n_panels_, [](Index, Index) {},
      [&](Index panel) {
        for (Index distance = 0; distance < n_distances<T>; ++distance) {
          for (Index place = 0; place < size; ++place, ++sum) {
            const Index i = panel * size + place;
            const Index j = panel * size + (place + distance) % size;
            if (i < d && j < d) second[i * d + j] = second[j * d + i] = *sum;
          }
        }
      },
      [&](Index first, Index n_panels, Index j_begin) {
        const Index j_end = j_begin + tile_width<T>(static_cast<int>(n_panels));
        for (Index j = j_begin; j < j_end; ++j) {
          for (Index i = first * size; i < (first + n_panels) * size; ++i, ++sum) {
            if (i < d) second[i * d + j] = second[j * d + i] = *sum;
          }
        }
      });
}

template void pack_rows(const Panel<float>&, float*, Index);
template void pack_rows(const Panel<double>&, double*, Index);
template RowPanels<float> gather_rows(const RowPanels<float>&, const Index*, Index, const float*, float*);
template RowPanels<double> gather_rows(const RowPanels<double>&, const Index*, Index, const double*, double*);
template class ScatterMatrices<float>;
template class ScatterMatrices<double>;

}  // namespace gmmx
