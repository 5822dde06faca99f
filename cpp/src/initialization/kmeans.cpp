// Lloyd's algorithm: assign every row to the nearest center, move the centers to the means, until nothing changes.
#include "gmmx/kmeans.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "initialization/distance_bounds.hpp"
#include "initialization/nearest_center.hpp"
#include "parallel/pool.hpp"
#include "rows/row_pass.hpp"

namespace gmmx {

namespace {

// Sums over the rows of each cluster, relative to a point of its own; or what a pass changes of them.
struct ClusterSums {
  ClusterSums(Index n_clusters, Index d)
      : counts(Vector<Index>::Zero(n_clusters)),
        weights(Vector<double>::Zero(n_clusters)),
        rows(RowMajorMatrix<double>::Zero(n_clusters, d)) {}

  // Adds changes, and clears them.
  void take(ClusterSums& changes) {
    counts += changes.counts;
    weights += changes.weights;
    rows += changes.rows;
    n_changed += std::exchange(changes.n_changed, 0);
    changes.counts.setZero();
    changes.weights.setZero();
    changes.rows.setZero();
  }

  void clear(Index cluster) {
    weights(cluster) = 0;
    rows.row(cluster).setZero();
  }

  Vector<Index> counts;  // of rows whose weight is positive
  Vector<double> weights;
  RowMajorMatrix<double> rows;
  Index n_changed = 0;  // rows that went to another cluster, in the last pass
};

template <class T>
class Lloyd {
 public:
  Lloyd(const Rows<T>& rows, const Location& location, RowMajorMatrix<double> centers, int n_threads)
      : rows_(rows),
        origin_(location.mean.cast<T>()),
        centers_(centers),
        points_(std::move(centers)),
        radius_(location.radius + (location.mean - origin_.template cast<double>()).norm()),
        weight_ratio_(ratio_of_weights(rows)),
        loop_(rows.size(), Index{sizeof(T)} * (2 * rows.n_features() + centers_.rows()),
              static_cast<double>(2 * rows.n_features() * centers_.rows()), n_threads),
        labels_(Vector<std::int32_t>::Constant(rows.size(), -1)),
        sums_(centers_.rows(), centers_.cols()),
        n_changed_before_(rows.size()) {}

  // (58) Labels every row with its nearest center; returns how many rows changed their label.
  Index assign() {
    const Index k = centers_.rows();
    const Index d = centers_.cols();
    const NearestCenter<T> nearest_center(centers_, origin_, radius_);
    sums_follow_ = follow_closely(nearest_center.least_squared_gap());
    if (!sums_follow_) sums_ = ClusterSums(k, d);
    sums_.n_changed = 0;
    const bool bounded = nearest_center.always_is_precise() && bounds_pay_off();
    const bool bounds_are_known = bounded && bounds_.begin_pass(nearest_center.rounding(), rows_.size(), k);
    loop_.run(
        [&] { return pool_.lend([&] { return std::make_unique<Workspace>(loop_.block_rows(), nearest_center, d); }); },
        [&](Workspace& ws, Index begin, Index end) {
          if (bounded) {
            relabel_doubtful(nearest_center, bounds_are_known, ws, begin, end);
          } else {
            relabel_all(nearest_center, ws, begin, end);
          }
          if (!sums_follow_) add_all(begin, end, ws.changes);
        },
        [&](Workspace& ws) {
          if (ws.changes.n_changed > 0 || !sums_follow_) sums_.take(ws.changes);
        });
    bounded ? bounds_.end_pass() : bounds_.forget();
    n_changed_before_ = sums_.n_changed;
    return sums_.n_changed;
  }

  // Moves the centers to the means of their clusters; the sum of their squared movements.
  double update() {
    const ClusterSums& sums = with_empty_clusters_filled();
    Vector<double> movements = Vector<double>::Zero(centers_.rows());
    RowVector<double> mean(centers_.cols());
    for (Index k = 0; k < centers_.rows(); ++k) {
      if (!(sums.weights(k) > 0)) continue;
      mean = points_.row(k) + sums.rows.row(k) / sums.weights(k);
      movements(k) = (mean - centers_.row(k)).norm();
      centers_.row(k) = mean;
    }
    bounds_.take_movements(movements);
    return movements.squaredNorm();
  }

  double inertia() const {
    double total = 0;
    loop_.run([] { return std::make_unique<double>(0.0); },
              [&](double& sum, Index begin, Index end) {
                for (Index n = begin; n < end; ++n) {
                  const double w = rows_.weight_of(n);
                  if (w > 0) sum += w * squared_distance(n);  // (57)
                }
              },
              [&](double& sum) { total += std::exchange(sum, 0.0); });
    return total;
  }

  std::vector<std::int32_t> labels() const { return {labels_.data(), labels_.data() + labels_.size()}; }

  std::vector<double> centers() const { return {centers_.data(), centers_.data() + centers_.size()}; }

 private:
  using Some = typename NearestCenter<T>::Some;

  // What looking at some rows of a block takes.
  struct Doubtful {
    Doubtful(std::size_t capacity, const NearestCenter<T>& nearest_center)
        : squared_distances(capacity), scratch(capacity), some(nearest_center) {}
    std::vector<double> squared_distances;  // to their own centers
    std::vector<double> scratch;
    Some some;
  };

  // What one thread needs.
  struct Workspace {
    Workspace(Index capacity, const NearestCenter<T>& nearest_center, Index d)
        : block(capacity, d),
          scores(block_results<T>(capacity, nearest_center.n_centers())),
          nearest(padded<T>(capacity)),
          numbers(static_cast<std::size_t>(capacity) + 1),
          changes(nearest_center.n_centers(), d) {}
    Block<T> block;
    Array<T> scores;
    Column<T> nearest;
    std::vector<Index> numbers;          // of rows
    std::unique_ptr<Doubtful> doubtful;  // made when bounds are first of use
    ClusterSums changes;
  };

  static double ratio_of_weights(const Rows<T>& rows) {
    if (rows.weight.absent()) return 1;
    double least = std::numeric_limits<double>::infinity();
    double largest = 0;
    for (Index n = 0; n < rows.size(); ++n) {
      const double w = rows.weight[n];
      if (w > 0) least = std::min(least, w);
      largest = std::max(largest, w);
    }
    return largest / least;
  }

  // Sums follow the rows that change their labels: after a few passes these are few. What a row leaves behind in the
  // sum of the cluster that it goes from is rounding, which must be small against the distance of the centers, even
  // where the lightest row is all that stays. Else all rows are added up each time.
  bool follow_closely(double least_squared_gap) const {
    constexpr double eps = std::numeric_limits<double>::epsilon();
    constexpr double allowed = 1e-9;
    const double left_behind = eps * weight_ratio_ * 2 * radius_;
    const auto n_rows = static_cast<double>(rows_.size());
    return n_rows * left_behind * left_behind <= allowed * allowed * least_squared_gap;
  }

  // Bounds cost some distances, of every row at first and then of those that are looked at. That is more than they save
  // where distances are cheap or many labels change; passes without bounds are as much cheaper as packets are wide.
  bool bounds_pay_off() const {
    constexpr auto width = static_cast<double>(packet_size<T>);
    const auto cost_of_row = static_cast<double>(centers_.size()) / width;
    const double share_of_changes = static_cast<double>(n_changed_before_) / static_cast<double>(rows_.size());
    return cost_of_row > 4 && share_of_changes < cost_of_row / 125;
  }

  // Looks at those rows only whose label the bounds leave open.
  void relabel_doubtful(const NearestCenter<T>& nearest_center, bool bounds_are_known, Workspace& ws, Index begin,
                        Index end) {
    Index* const numbers = ws.numbers.data();
    if (!ws.doubtful) ws.doubtful = std::make_unique<Doubtful>(ws.numbers.size(), nearest_center);
    double* const to_own = ws.doubtful->squared_distances.data();
    Some& some = ws.doubtful->some;
    Index n_doubtful = end - begin;
    if (bounds_are_known) {
      n_doubtful = bounds_.find_doubtful(begin, end, labels_.data(), numbers);
    } else {
      std::iota(numbers, numbers + n_doubtful, begin);
    }
    for (Index i = 0; i < n_doubtful; ++i)
      to_own[i] = nearest_center.squared_distance(rows_.x, numbers[i], own_center(numbers[i]));
    if (bounds_are_known)
      n_doubtful = bounds_.tighten(numbers, to_own, n_doubtful, labels_.data(), ws.doubtful->scratch.data());
    for (Index first = 0; first < n_doubtful; first += Some::at_once) {
      const Index size = std::min(Some::at_once, n_doubtful - first);
      nearest_center.find({rows_.x, numbers + first, size}, some);
      std::array<double, Some::at_once> nearest{};
      std::array<double, Some::at_once> second{};
      std::array<std::int32_t, Some::at_once> labels{};
      for (Index i = 0; i < size; ++i) {
        const Index n = numbers[first + i];
        const double from_own = to_own[first + i] + 2 * static_cast<double>(some.scores(i, own_center(n)));
        const auto at = static_cast<std::size_t>(i);
        labels[at] = static_cast<std::int32_t>(some.nearest(i));
        nearest[at] = from_own - 2 * static_cast<double>(some.largest(i));
        second[at] = from_own - 2 * static_cast<double>(some.second(i));
      }
      bounds_.set(numbers + first, size, labels.data(), nearest.data(), second.data());
      for (Index i = 0; i < size; ++i) relabel(numbers[first + i], labels[static_cast<std::size_t>(i)], ws.changes);
    }
  }

  void relabel_all(const NearestCenter<T>& nearest_center, Workspace& ws, Index begin, Index end) {
    ws.block.load(rows_.x, begin, end, origin_);
    nearest_center.find(ws.block, ws.scores, ws.nearest.data());
    // Without a branch a row: a list of those that change.
    const T* const nearest = ws.nearest.data() - begin;
    Index* const numbers = ws.numbers.data();
    Index n_changed = 0;
    for (Index n = begin; n < end; ++n) {
      numbers[n_changed] = n;
      n_changed += labels_[n] != static_cast<std::int32_t>(nearest[n]) ? 1 : 0;
    }
    for (Index i = 0; i < n_changed; ++i)
      relabel(numbers[i], static_cast<std::int32_t>(nearest[numbers[i]]), ws.changes);
  }

  // Rows of weight 0 get labels, but have no part in the stopping rule.
  void relabel(Index n, std::int32_t to, ClusterSums& changes) {
    const std::int32_t from = labels_[n];
    if (from == to) return;
    labels_[n] = to;
    if (!(rows_.weight_of(n) > 0)) return;
    ++changes.n_changed;
    if (!sums_follow_) return;
    add_row(n, 1, to, changes);
    if (from >= 0) add_row(n, -1, from, changes);
  }

  void add_all(Index begin, Index end, ClusterSums& sums) const {
    for (Index n = begin; n < end; ++n) {
      if (rows_.weight_of(n) > 0) add_row(n, 1, labels_[n], sums);
    }
  }

  Index own_center(Index n) const { return std::max<Index>(labels_[n], 0); }

  void add_row(Index n, int sign, Index cluster, ClusterSums& sums) const {
    const double weight = sign * rows_.weight_of(n);
    sums.counts(cluster) += sign;
    sums.weights(cluster) += weight;
    gmmx::add_row(rows_.x, n, &points_(cluster, 0), weight, &sums.rows(cluster, 0));
  }

  // An emptied cluster takes the row that is farthest from its center, which keeps its label until the next pass.
  const ClusterSums& with_empty_clusters_filled() {
    std::vector<Index> empty;
    for (Index k = 0; k < sums_.counts.size(); ++k) {
      if (sums_.counts(k) > 0) continue;
      empty.push_back(k);
      sums_.clear(k);  // of what rounding has left
    }
    if (empty.empty()) return sums_;
    filled_ = std::make_unique<ClusterSums>(sums_);
    ClusterSums& sums = *filled_;
    std::vector<std::pair<double, Index>> farthest;
    for (Index n = 0; n < rows_.size(); ++n) {
      if (rows_.weight_of(n) > 0) farthest.emplace_back(-squared_distance(n), n);
    }
    const auto wanted = std::min(empty.size(), farthest.size());
    std::partial_sort(farthest.begin(), farthest.begin() + static_cast<std::ptrdiff_t>(wanted), farthest.end());
    for (std::size_t i = 0; i < wanted; ++i) {
      const Index n = farthest[i].second;
      add_row(n, -1, labels_[n], sums);
      points_.row(empty[i]) = row_as_double(rows_.x, n);  // no row is counted there
      sums.weights(empty[i]) = rows_.weight_of(n);
    }
    return sums;
  }

  double squared_distance(Index n) const {
    const Index own = labels_[n];
    double sum = 0;
    for (Index j = 0; j < rows_.n_features(); ++j) {
      const double difference = static_cast<double>(rows_.x(n, j)) - centers_(own, j);
      sum += difference * difference;
    }
    return sum;
  }

  Rows<T> rows_;
  RowVector<T> origin_;
  RowMajorMatrix<double> centers_;
  RowMajorMatrix<double> points_;  // that the sums of the clusters are relative to
  double radius_;                  // no row is farther from the origin; infinite if rows are not finite
  double weight_ratio_;            // of the heaviest row and the lightest that counts
  BlockLoop loop_;
  Vector<std::int32_t> labels_;          // -1: none yet
  ClusterSums sums_;                     // by labels_
  std::unique_ptr<ClusterSums> filled_;  // the same, where emptied clusters have taken a row
  bool sums_follow_ = false;
  DistanceBounds bounds_;
  Index n_changed_before_;  // in the last pass; at first, all
  Pool<Workspace> pool_;
};

}  // namespace

template <class T>
KMeansResult kmeans(const Rows<T>& rows, Index n_clusters, VectorView<const double> uniforms,
                    const KMeansOptions& options) {
  const std::vector<Index> seeds =
      kmeans_plus_plus(rows, n_clusters, uniforms, options.n_threads, options.on_iteration);
  RowMajorMatrix<double> centers(n_clusters, rows.n_features());
  for (Index k = 0; k < n_clusters; ++k) centers.row(k) = row_as_double(rows.x, seeds[static_cast<std::size_t>(k)]);
  const Location location = locate(rows, options.n_threads);
  const double tolerance = options.tol * location.mean_variance;

  Lloyd<T> lloyd(rows, location, std::move(centers), options.n_threads);
  KMeansResult result;
  bool labels_fit_centers = false;
  while (result.n_iter < options.max_iter) {
    ++result.n_iter;
    const Index n_changed = lloyd.assign();
    const double moved = lloyd.update();
    labels_fit_centers = n_changed == 0;
    if (options.on_iteration) options.on_iteration();
    if (labels_fit_centers || moved <= tolerance) break;  // (61)
  }
  if (!labels_fit_centers) lloyd.assign();
  result.inertia = lloyd.inertia();
  result.labels = lloyd.labels();
  result.centers = lloyd.centers();
  return result;
}

template KMeansResult kmeans(const Rows<float>&, Index, VectorView<const double>, const KMeansOptions&);
template KMeansResult kmeans(const Rows<double>&, Index, VectorView<const double>, const KMeansOptions&);

}  // namespace gmmx
