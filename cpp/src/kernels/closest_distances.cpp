#include "kernels/closest_distances.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/rows_to_columns.hpp"
#include "kernels/tiles.hpp"
#include "simd.hpp"
#include "sum_of.hpp"

namespace gmmx {

namespace {

// Wider ones would have lanes to spare: there are rarely more than eight points.
template <class T>
using PointPacket = PacketOfAtMost<T, 32 / sizeof(T)>;
template <class T>
constexpr Index lanes_of_packet = size_of_packet<PointPacket<T>>;

constexpr int most_packets = 4;     // of points, of a tile
constexpr Index rows_of_a_sum = 8;  // added up in T before their sum joins that of the others in double

// Rows of a tile: a divisor of rows_of_a_sum.
constexpr int tile_rows_of(int packets) {
  if (packets == 1) return 8;
  return many_registers ? (packets < 4 ? 8 : 4) : (packets < 4 ? 4 : 2);
}

// What the tiles of a call share.
template <class T>
struct PointsOfTile {
  const Rows<T>& rows;
  const T* points;  // of the first feature
  Index n_lanes;    // between features
  bool first_is_a_seed;
};

// Of TileRows rows, or of the first one alone. Distances are added to `sums`, or each by itself to `sums_one_by_one`
// where that is not null.
template <int Packets, int TileRows, class T>
void add_distances(const PointsOfTile<T>& tile, Index row, bool all_rows, T* closest, PointPacket<T>* sums,
                   double* sums_one_by_one) {
  using namespace simd;
  using P = PointPacket<T>;
  constexpr Index lanes = lanes_of_packet<T>;
  const Index d = tile.rows.n_features();
  const Index row_stride = all_rows ? tile.rows.x.row_stride() : 0;
  const T* x = &tile.rows.x(row, 0);
  const T* point = tile.points;
  P distances[TileRows][Packets];  // begun with the first feature: zeros are filled in by way of memory
  const auto add_feature = [&](auto is_first) {
    P of_points[Packets];
    for (int p = 0; p < Packets; ++p) of_points[p] = load_unaligned<P>(point + p * lanes);
    for (int r = 0; r < TileRows; ++r) {
      const P number = fill<P>(x[r * row_stride]);
      for (int p = 0; p < Packets; ++p) {
        const P difference = subtract(number, of_points[p]);
        P& sum = distances[r][p];
        sum = is_first ? multiply(difference, difference) : multiply_add(difference, difference, sum);
      }
    }
    x += tile.rows.x.col_stride();
    point += tile.n_lanes;
  };
  add_feature(std::true_type());
  for (Index j = 1; j < d; ++j) add_feature(std::false_type());
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 8  // or else the distances lie in memory all the time
#endif
  for (int r = 0; r < TileRows; ++r) {
    if (r > 0 && !all_rows) continue;
    if (tile.first_is_a_seed) {
      const T to_seed = first_of(distances[r][0]);
      closest[r] = to_seed < closest[r] ? to_seed : closest[r];
    }
    const P bound = fill<P>(closest[r]);
    for (int p = 0; p < Packets; ++p) distances[r][p] = smaller_of(bound, distances[r][p]);
    if (sums_one_by_one == nullptr) {
      for (int p = 0; p < Packets; ++p) sums[p] = add(sums[p], distances[r][p]);
      continue;
    }
    const double w = tile.rows.weight_of(row + r);
    T numbers[Packets * lanes];
    for (int p = 0; p < Packets; ++p) store_unaligned(numbers + p * lanes, distances[r][p]);
    for (Index i = 0; i < Packets * lanes; ++i) sums_one_by_one[i] += w * static_cast<double>(numbers[i]);
  }
}

template <int Packets, class T>
void add_tiles(const PointsOfTile<T>& tile, Index begin, Index end, bool each_by_itself, T* closest, double* sums) {
  using P = PointPacket<T>;
  constexpr Index lanes = lanes_of_packet<T>;
  double* const one_by_one = each_by_itself ? sums : nullptr;
  for (Index first = begin; first < end; first += rows_of_a_sum) {
    const Index last = std::min(first + rows_of_a_sum, end);
    P sums_of_rows[Packets];
    for (P& packet : sums_of_rows) packet = simd::fill<P>(T(0));
    constexpr Index n_rows = tile_rows_of(Packets);
    for (Index n = first; n < last;) {
      const bool all_rows = n + n_rows <= last;
      add_distances<Packets, n_rows>(tile, n, all_rows, closest + (n - begin), sums_of_rows, one_by_one);
      n += all_rows ? n_rows : 1;
    }
    if (one_by_one != nullptr) continue;
    T numbers[Packets * lanes];
    for (int p = 0; p < Packets; ++p) simd::store_unaligned(numbers + p * lanes, sums_of_rows[p]);
    for (Index i = 0; i < Packets * lanes; ++i) sums[i] += static_cast<double>(numbers[i]);
  }
}

// Few features are turned into columns for little; then rows fill the registers, and no lane is left empty.
template <class T>
constexpr int few_features = 48 / sizeof(T);  // measured
constexpr Index rows_at_once = 256;           // the columns stay in the first-level cache

template <int Features, class T>
EIGEN_ALWAYS_INLINE T closest_of(const T* columns, Index n, const T* point, T closest) {
  T sum = 0;
  for (int j = 0; j < Features; ++j) {
    const T difference = columns[j * rows_at_once + n] - point[j];
    sum = j == 0 ? difference * difference : sum + difference * difference;
  }
  return closest < sum ? closest : sum;
}

template <int Features, class T>
void take_closer(const T* columns, Index size, const T* point, T* closest) {
  for (Index n = 0; n < size; ++n) closest[n] = closest_of<Features>(columns, n, point, closest[n]);
}

// The sum of what is closest to each row: its point among those before, or this one.
template <int Features, class T>
double sum_of_closest(const T* columns, Index size, const T* point, const T* closest) {
  return sum_of_each(size, [&](Index n) { return closest_of<Features>(columns, n, point, closest[n]); });
}

// Of columns and points that hold zeros beyond their own features, up to n_features.
template <class T>
struct ColumnKernels {
  Index n_features;
  void (*take_closer)(const T*, Index, const T*, T*);
  double (*sum_of_closest)(const T*, Index, const T*, const T*);
};

template <class T, int Features = 2>
ColumnKernels<T> kernels_of_columns(Index n_features) {
  if constexpr (Features < few_features<T>) {
    if (n_features > Features) return kernels_of_columns<T, Features + 2>(n_features);
  }
  return {Features, take_closer<Features, T>, sum_of_closest<Features, T>};
}

template <class T>
void add_by_columns(const Rows<T>& rows, Index begin, Index end, const LanesOfPoints<T>& points, bool first_is_a_seed,
                    T* closest, double* sums) {
  constexpr T no_origin[few_features<T>] = {};
  const Index d = rows.n_features();
  const ColumnKernels<T> kernels = kernels_of_columns<T>(d);
  alignas(64) T columns[few_features<T> * rows_at_once];
  std::fill(columns + d * rows_at_once, columns + kernels.n_features * rows_at_once, T(0));
  T distances[rows_at_once];
  for (Index first = begin; first < end; first += rows_at_once, closest += rows_at_once) {
    const Index size = std::min(rows_at_once, end - first);
    copy_to_columns(rows.x, first, first + size, no_origin, columns, rows_at_once);
    for (Index p = 0; p < points.size(); ++p) {
      T point[few_features<T>] = {};
      for (Index j = 0; j < d; ++j) point[j] = points.feature(j)[p];
      if (first_is_a_seed && p == 0) kernels.take_closer(columns, size, point, closest);
      if (rows.weight.absent()) {
        sums[p] += kernels.sum_of_closest(columns, size, point, closest);
        continue;
      }
      std::copy_n(closest, size, distances);
      kernels.take_closer(columns, size, point, distances);
      for (Index n = 0; n < size; ++n) sums[p] += rows.weight[first + n] * static_cast<double>(distances[n]);
    }
  }
}

}  // namespace

template <class T>
LanesOfPoints<T>::LanesOfPoints(MatrixView<const T> rows, const std::vector<Index>& points)
    : size_(static_cast<Index>(points.size())),
      n_lanes_((static_cast<Index>(points.size()) + lanes_of_packet<T> - 1) / lanes_of_packet<T> * lanes_of_packet<T>),
      lanes_(static_cast<std::size_t>(n_lanes_ * rows.cols())) {
  const auto last = static_cast<Index>(points.size()) - 1;
  for (Index j = 0; j < rows.cols(); ++j) {
    for (Index p = 0; p < n_lanes_; ++p) {
      lanes_[static_cast<std::size_t>(j * n_lanes_ + p)] = rows(points[static_cast<std::size_t>(std::min(p, last))], j);
    }
  }
}

template <class T>
void add_closest_distances(const Rows<T>& rows, Index begin, Index end, const LanesOfPoints<T>& points,
                           bool first_is_a_seed, T* closest, double* sums) {
  if (rows.n_features() <= few_features<T>) {
    add_by_columns(rows, begin, end, points, first_is_a_seed, closest, sums);
    return;
  }
  constexpr Index lanes = lanes_of_packet<T>;
  const Index n_lanes = points.n_lanes();
  for (Index lane = 0; lane < n_lanes; lane += most_packets * lanes) {
    const Index packets = std::min<Index>(most_packets, (n_lanes - lane) / lanes);
    const PointsOfTile<T> tile{rows, points.feature(0) + lane, n_lanes, first_is_a_seed && lane == 0};
    const auto add = [&](bool each_by_itself) {
      with_width<most_packets>(
          packets, [&](auto at_once) { add_tiles<at_once()>(tile, begin, end, each_by_itself, closest, sums + lane); });
    };
    if (!rows.weight.absent()) {
      add(true);
      continue;
    }
    const std::vector<double> before(sums + lane, sums + lane + packets * lanes);
    add(false);
    if (std::all_of(sums + lane, sums + lane + packets * lanes, [](double sum) { return std::isfinite(sum); }))
      continue;
    std::copy(before.begin(), before.end(), sums + lane);  // a sum of floats has left their range
    add(true);
  }
}

template class LanesOfPoints<float>;
template class LanesOfPoints<double>;
template void add_closest_distances(const Rows<float>&, Index, Index, const LanesOfPoints<float>&, bool, float*,
                                    double*);
template void add_closest_distances(const Rows<double>&, Index, Index, const LanesOfPoints<double>&, bool, double*,
                                    double*);

}  // namespace gmmx
