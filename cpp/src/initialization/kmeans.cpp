// Lloyd's algorithm: assign every row to the nearest center, move the centers to the means, until nothing changes.
#include "gmmx/kmeans.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "initialization/nearest_center.hpp"
#include "parallel/pool.hpp"
#include "rows/row_pass.hpp"

namespace gmmx {

namespace {

// Sums over the rows of each cluster, relative to a point of its own; or what a pass changes of them.
struct ClusterSums {
  ClusterSums(Index n_clusters, Index d)
      : weights(Vector<double>::Zero(n_clusters)), rows(RowMajorMatrix<double>::Zero(n_clusters, d)) {}

  // Adds changes, and clears them.
  void take(ClusterSums& changes) {
    weights += changes.weights;
    rows += changes.rows;
    n_changed += std::exchange(changes.n_changed, 0);
    changes.weights.setZero();
    changes.rows.setZero();
  }

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
        largest_squared_distance_(location.mean_variance * static_cast<double>(rows.n_features()) *
                                  static_cast<double>(rows.size())),
        largest_distance_(rows.weight.absent() ? 2 * std::sqrt(largest_squared_distance_) +
                                                     (location.mean - origin_.template cast<double>()).norm()
                                               : std::numeric_limits<double>::infinity()),
        loop_(rows.size(), Index{sizeof(T)} * (2 * rows.n_features() + centers_.rows()),
              static_cast<double>(2 * rows.n_features() * centers_.rows()), n_threads),
        labels_(Vector<std::int32_t>::Constant(rows.size(), -1)),
        sums_(centers_.rows(), centers_.cols()) {}

  // (58) Labels every row with its nearest center; returns how many rows changed their label.
  Index assign() {
    const Index k = centers_.rows();
    const Index d = centers_.cols();
    const NearestCenter<T> nearest_center(centers_, origin_, largest_distance_);
    sums_follow_ = rows_.weight.absent() && follow_closely(nearest_center.least_squared_gap());
    if (!sums_follow_) sums_ = ClusterSums(k, d);
    sums_.n_changed = 0;
    loop_.run([&] { return pool_.lend([&] { return std::make_unique<Workspace>(loop_.block_rows(), k, d); }); },
              [&](Workspace& ws, Index begin, Index end) {
                ws.block.load(rows_.x, begin, end, origin_);
                nearest_center.find(ws.block, ws.scores, ws.nearest.data());
                relabel(ws.nearest.data(), begin, end, ws.changes);
              },
              [&](Workspace& ws) {
                if (ws.changes.n_changed > 0 || !sums_follow_) sums_.take(ws.changes);
              });
    return sums_.n_changed;
  }

  // Moves the centers to the means of their clusters; the sum of their squared movements.
  double update() {
    const ClusterSums sums = with_empty_clusters_filled();
    double moved = 0;
    for (Index k = 0; k < centers_.rows(); ++k) {
      if (!(sums.weights(k) > 0)) continue;
      const RowVector<double> mean = points_.row(k) + sums.rows.row(k) / sums.weights(k);
      moved += (mean - centers_.row(k)).squaredNorm();
      centers_.row(k) = mean;
    }
    return moved;
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
  // What one thread needs.
  struct Workspace {
    Workspace(Index capacity, Index k, Index d)
        : block(capacity, d), scores(block_results<T>(capacity, k)), nearest(padded<T>(capacity)), changes(k, d) {}
    Block<T> block;
    Array<T> scores;
    Column<T> nearest;
    ClusterSums changes;
  };

  // Sums follow the rows that change their labels: after a few passes these are few. What a row leaves behind in the
  // sum of the cluster that it goes from is a rounding error of its own distance, which must be small against the
  // distance of the centers; and weights may differ so much that what a heavy row leaves behind is rounding alone. Else
  // all rows are added up each time.
  bool follow_closely(double least_squared_gap) const {
    constexpr double eps = std::numeric_limits<double>::epsilon();
    constexpr double allowed = 1e-9;
    return eps * eps * largest_squared_distance_ <= allowed * allowed * least_squared_gap;
  }

  // Rows of weight 0 get labels, but have no part in the stopping rule.
  void relabel(const T* nearest, Index begin, Index end, ClusterSums& changes) {
    constexpr Index few = 16;
    for (Index first = begin; first < end; first += few) {
      const Index last = std::min(first + few, end);
      std::int32_t differ = 0;
      for (Index n = first; n < last; ++n) differ |= labels_[n] ^ static_cast<std::int32_t>(nearest[n - begin]);
      if (differ == 0 && sums_follow_) continue;
      for (Index n = first; n < last; ++n) {
        const auto to = static_cast<std::int32_t>(nearest[n - begin]);
        const Index from = labels_[n];
        if (from == to && sums_follow_) continue;
        labels_[n] = to;
        const double w = rows_.weight_of(n);
        if (!(w > 0)) continue;
        changes.n_changed += from != to ? 1 : 0;
        add_row(n, w, to, changes);
        if (sums_follow_ && from >= 0) add_row(n, -w, from, changes);
      }
    }
  }

  void add_row(Index n, double weight, Index cluster, ClusterSums& sums) const {
    sums.weights(cluster) += weight;
    gmmx::add_row(rows_.x, n, &points_(cluster, 0), weight, &sums.rows(cluster, 0));
  }

  // An emptied cluster takes the row that is farthest from its center, which keeps its label until the next pass.
  ClusterSums with_empty_clusters_filled() {
    ClusterSums sums = sums_;
    std::vector<Index> empty;
    for (Index k = 0; k < sums.weights.size(); ++k) {
      if (!(sums.weights(k) > 0)) empty.push_back(k);
    }
    if (empty.empty()) return sums;
    std::vector<std::pair<double, Index>> farthest;
    for (Index n = 0; n < rows_.size(); ++n) {
      if (rows_.weight_of(n) > 0) farthest.emplace_back(-squared_distance(n), n);
    }
    const auto wanted = std::min(empty.size(), farthest.size());
    std::partial_sort(farthest.begin(), farthest.begin() + static_cast<std::ptrdiff_t>(wanted), farthest.end());
    for (std::size_t i = 0; i < wanted; ++i) {
      const Index n = farthest[i].second;
      const double w = rows_.weight_of(n);
      add_row(n, -w, labels_[n], sums);
      points_.row(empty[i]) = row_as_double(rows_.x, n);  // no row is counted there
      sums_.weights(empty[i]) = 0;
      sums_.rows.row(empty[i]).setZero();
      sums.weights(empty[i]) = w;
      sums.rows.row(empty[i]).setZero();
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
  RowMajorMatrix<double> points_;    // that the sums of the clusters are relative to
  double largest_squared_distance_;  // of a row from the mean, at most
  double largest_distance_;          // of a row from the origin, rounding included; infinite where weights hide rows
  BlockLoop loop_;
  Vector<std::int32_t> labels_;  // -1: none yet
  ClusterSums sums_;             // by labels_
  bool sums_follow_ = false;
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
