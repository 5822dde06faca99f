// Lloyd's algorithm: assign every row to the nearest center, move the centers to the means, until nothing changes.
#include "gmmx/kmeans.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "density/columns.hpp"
#include "initialization/check_clusters.hpp"
#include "initialization/row_pass.hpp"
#include "panels/products.hpp"
#include "parallel/pool.hpp"

namespace gmmx {

namespace {

// Sums over the rows of each cluster, relative to the origin.
struct ClusterSums {
  ClusterSums(Index n_clusters, Index d)
      : weights(Vector<double>::Zero(n_clusters)), rows(RowMajorMatrix<double>::Zero(n_clusters, d)) {}

  ClusterSums& operator+=(const ClusterSums& other) {
    weights += other.weights;
    rows += other.rows;
    return *this;
  }

  Vector<double> weights;
  RowMajorMatrix<double> rows;
};

// What one pass changed.
struct Changes {
  Changes(Index n_clusters, Index d) : sums(n_clusters, d) {}
  ClusterSums sums;
  Index n_rows = 0;

  void clear() {
    sums.weights.setZero();
    sums.rows.setZero();
    n_rows = 0;
  }
};

template <class T>
class Lloyd {
 public:
  Lloyd(MatrixView<const T> rows, VectorView<const double> sample_weight, const RowVector<double>& origin,
        RowMajorMatrix<double> centers, int n_threads)
      : rows_(rows),
        sample_weight_(sample_weight),
        origin_(origin.cast<T>()),
        centers_(std::move(centers)),
        chunks_(cut_into_chunks(rows.rows(), Index{sizeof(T)} * (2 * rows.cols() + centers_.rows()))),
        n_threads_(useful_threads(n_threads, chunks_, static_cast<double>(2 * rows.cols() * centers_.rows()))),
        labels_(Vector<std::int32_t>::Constant(rows.rows(), -1)),
        sums_(centers_.rows(), centers_.cols()),
        sums_follow_(sample_weight.absent()) {
    centers_.rowwise() -= origin_.template cast<double>();
  }

  // (58) Labels every row with its nearest center; returns how many rows changed their label. Which center, not how
  // far: |x|^2 is the same for all and left out.
  Index assign() {
    const Index k = centers_.rows();
    const Index d = centers_.cols();
    const RowMajorMatrix<T> centers_t = centers_.transpose().template cast<T>();
    const RowVector<T> half_norms = (0.5 * centers_.rowwise().squaredNorm().transpose()).template cast<T>();
    if (!sums_follow_) sums_ = ClusterSums(k, d);
    Index n_changed = 0;
    for_chunks(
        chunks_, n_threads_,
        [&] { return pool_.lend([&] { return std::make_unique<Workspace>(chunks_.block_rows, k, d); }); },
        [&](Workspace& ws, Index chunk_begin, Index chunk_end) {
          for_blocks(chunks_, chunk_begin, chunk_end, [&](Index begin, Index end) {
            ws.block.load(rows_, begin, end, origin_);
            auto& scores = ws.scores;
            scores.topRows(ws.block.padded_size()).rowwise() = -half_norms.array();
            add_linear_forms(ws.block.panel_of_rows(), centers_t.data(), k, k, scores.data(), scores.rows());
            largest_column(scores.data(), scores.rows(), k, end - begin, ws.nearest.data());
            relabel(ws.nearest.data(), begin, end, ws.changes);
          });
        },
        [&](Workspace& ws) {
          if (ws.changes.n_rows == 0 && sums_follow_) return;
          sums_ += ws.changes.sums;
          n_changed += ws.changes.n_rows;
          ws.changes.clear();
        });
    return n_changed;
  }

  // Moves the centers to the means of their clusters; the sum of their squared movements.
  double update() {
    const ClusterSums sums = with_empty_clusters_filled();
    double moved = 0;
    for (Index k = 0; k < centers_.rows(); ++k) {
      if (!(sums.weights(k) > 0)) continue;
      const RowVector<double> mean = sums.rows.row(k) / sums.weights(k);
      moved += (mean - centers_.row(k)).squaredNorm();
      centers_.row(k) = mean;
    }
    return moved;
  }

  double inertia() const {
    double total = 0;
    struct State {
      double sum = 0;
    };
    for_chunks(
        chunks_, n_threads_, [] { return std::make_unique<State>(); },
        [&](State& state, Index begin, Index end) {
          for (Index n = begin; n < end; ++n) {
            const double w = weight_of(sample_weight_, n);
            if (w > 0) state.sum += w * squared_distance(n);  // (57)
          }
        },
        [&](State& state) { total += std::exchange(state.sum, 0.0); });
    return total;
  }

  std::vector<std::int32_t> labels() const { return {labels_.data(), labels_.data() + labels_.size()}; }

  std::vector<double> absolute_centers() const {
    RowMajorMatrix<double> centers = centers_;
    centers.rowwise() += origin_.template cast<double>();
    return {centers.data(), centers.data() + centers.size()};
  }

 private:
  // What one thread needs.
  struct Workspace {
    Workspace(Index capacity, Index k, Index d)
        : block(capacity, d), scores(block_results<T>(capacity, k)), nearest(padded<T>(capacity)), changes(k, d) {}
    Block<T> block;
    Array<T> scores;
    Column<T> nearest;
    Changes changes;
  };

  // Rows of weight 0 get labels, but have no part in the stopping rule.
  void relabel(const T* nearest, Index begin, Index end, Changes& changes) {
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
        const double w = weight_of(sample_weight_, n);
        if (!(w > 0)) continue;
        changes.n_rows += from != to ? 1 : 0;
        add_row(n, w, to, changes.sums);
        if (sums_follow_ && from >= 0) add_row(n, -w, from, changes.sums);
      }
    }
  }

  void add_row(Index n, double weight, Index cluster, ClusterSums& sums) const {
    sums.weights(cluster) += weight;
    gmmx::add_row(rows_, n, origin_, weight, &sums.rows(cluster, 0));
  }

  // An emptied cluster takes the row that is farthest from its center, which keeps its label until the next pass.
  ClusterSums with_empty_clusters_filled() const {
    ClusterSums sums = sums_;
    std::vector<Index> empty;
    for (Index k = 0; k < sums.weights.size(); ++k) {
      if (!(sums.weights(k) > 0)) empty.push_back(k);
    }
    if (empty.empty()) return sums;
    std::vector<std::pair<double, Index>> farthest;
    for (Index n = 0; n < rows_.rows(); ++n) {
      if (weight_of(sample_weight_, n) > 0) farthest.emplace_back(-squared_distance(n), n);
    }
    const auto wanted = std::min(empty.size(), farthest.size());
    std::partial_sort(farthest.begin(), farthest.begin() + static_cast<std::ptrdiff_t>(wanted), farthest.end());
    for (std::size_t i = 0; i < wanted; ++i) {
      const Index n = farthest[i].second;
      const double w = weight_of(sample_weight_, n);
      add_row(n, -w, labels_[n], sums);
      sums.weights(empty[i]) = 0;
      sums.rows.row(empty[i]).setZero();
      add_row(n, w, empty[i], sums);
    }
    return sums;
  }

  double squared_distance(Index n) const {
    const Index own = labels_[n];
    double sum = 0;
    for (Index j = 0; j < rows_.cols(); ++j) {
      const double difference = static_cast<double>(rows_(n, j) - origin_(j)) - centers_(own, j);
      sum += difference * difference;
    }
    return sum;
  }

  MatrixView<const T> rows_;
  VectorView<const double> sample_weight_;
  RowVector<T> origin_;
  RowMajorMatrix<double> centers_;  // relative to the origin
  Chunks chunks_;
  int n_threads_;
  Vector<std::int32_t> labels_;  // -1: none yet
  ClusterSums sums_;             // by labels_
  // Sums follow the rows that change their labels: after a few passes these are few. Weights may differ so much that
  // what a heavy row leaves behind is rounding alone; then all rows are added up each time.
  bool sums_follow_;
  Pool<Workspace> pool_;
};

}  // namespace

template <class T>
KMeansResult kmeans(MatrixView<const T> rows, Index n_clusters, VectorView<const double> uniforms,
                    VectorView<const double> sample_weight, const KMeansOptions& options) {
  const std::vector<Index> seeds =
      kmeans_plus_plus(rows, n_clusters, uniforms, sample_weight, options.n_threads, options.on_iteration);
  RowMajorMatrix<double> centers(n_clusters, rows.cols());
  for (Index k = 0; k < n_clusters; ++k) centers.row(k) = row_as_double(rows, seeds[static_cast<std::size_t>(k)]);
  const Location location = locate(rows, sample_weight, options.n_threads);
  const double tolerance = options.tol * location.mean_variance;

  Lloyd<T> lloyd(rows, sample_weight, location.mean, std::move(centers), options.n_threads);
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
  result.centers = lloyd.absolute_centers();
  return result;
}

template KMeansResult kmeans(MatrixView<const float>, Index, VectorView<const double>, VectorView<const double>,
                             const KMeansOptions&);
template KMeansResult kmeans(MatrixView<const double>, Index, VectorView<const double>, VectorView<const double>,
                             const KMeansOptions&);

}  // namespace gmmx
