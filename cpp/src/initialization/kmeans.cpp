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

namespace gmmx {

namespace {

// Sums over the rows of each cluster, relative to the origin.
struct ClusterSums {
  ClusterSums(Index n_clusters, Index d)
      : weights(Vector<double>::Zero(n_clusters)), rows(RowMajorMatrix<double>::Zero(n_clusters, d)) {}

  void move_row(const RowVector<double>& row, double weight, Index from, Index to) {
    rows.row(from) -= weight * row;
    weights(from) -= weight;
    rows.row(to) = weight * row;
    weights(to) = weight;
  }

  Vector<double> weights;
  RowMajorMatrix<double> rows;
  Index n_changed = 0;
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
        labels_(static_cast<std::size_t>(rows.rows()), -1) {
    centers_.rowwise() -= origin_.template cast<double>();
  }

  // (58) Labels every row with its nearest center. Which one, not how far: |x|^2 is the same for all and left out.
  ClusterSums assign() {
    struct State {
      State(Index capacity, Index k, Index d)
          : block(capacity, d), scores(block_results<T>(capacity, k)), best(capacity), nearest(capacity), sums(k, d) {}
      Block<T> block;
      Array<T> scores;
      Column<T> best;
      Column<T> nearest;
      ClusterSums sums;
    };
    const Index k = centers_.rows();
    const Index d = centers_.cols();
    const RowMajorMatrix<T> centers_t = centers_.transpose().template cast<T>();
    const RowVector<T> half_norms = (0.5 * centers_.rowwise().squaredNorm().transpose()).template cast<T>();
    ClusterSums total(k, d);
    for_chunks(
        chunks_, n_threads_, [&] { return std::make_unique<State>(chunks_.block_rows, k, d); },
        [&](State& state, Index chunk_begin, Index chunk_end) {
          for_blocks(chunks_, chunk_begin, chunk_end, [&](Index begin, Index end) {
            state.block.load(rows_, begin, end, origin_);
            auto& scores = state.scores;
            scores.topRows(state.block.padded_size()).rowwise() = -half_norms.array();
            add_linear_forms(state.block.panel_of_rows(), centers_t.data(), k, k, scores.data(), scores.rows());
            label_block(scores.topRows(end - begin), state.best.head(end - begin), state.nearest.head(end - begin),
                        begin, state.sums);
          });
        },
        [&](State& state) {
          total.weights += state.sums.weights;
          total.rows += state.sums.rows;
          total.n_changed += state.sums.n_changed;
          state.sums = ClusterSums(k, d);
        });
    return total;
  }

  // An emptied cluster takes the row that is farthest from its center.
  void relocate_empty(ClusterSums& sums) {
    std::vector<Index> empty;
    for (Index k = 0; k < sums.weights.size(); ++k) {
      if (!(sums.weights(k) > 0)) empty.push_back(k);
    }
    if (empty.empty()) return;
    std::vector<std::pair<double, Index>> farthest;
    for (Index n = 0; n < rows_.rows(); ++n) {
      if (weight_of(sample_weight_, n) > 0) farthest.emplace_back(-squared_distance(n), n);
    }
    const auto wanted = std::min(empty.size(), farthest.size());
    std::partial_sort(farthest.begin(), farthest.begin() + static_cast<std::ptrdiff_t>(wanted), farthest.end());
    for (std::size_t i = 0; i < wanted; ++i) {
      const Index n = farthest[i].second;
      const RowVector<double> row = row_as_double(rows_, n) - origin_.template cast<double>();
      sums.move_row(row, weight_of(sample_weight_, n), labels_[static_cast<std::size_t>(n)], empty[i]);
    }
  }

  // Moves the centers to the means; the sum of their squared movements.
  double update(const ClusterSums& sums) {
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

  std::vector<std::int32_t> take_labels() { return std::move(labels_); }

  std::vector<double> absolute_centers() const {
    RowMajorMatrix<double> centers = centers_;
    centers.rowwise() += origin_.template cast<double>();
    return {centers.data(), centers.data() + centers.size()};
  }

 private:
  template <class Scores, class Scratch>
  void label_block(const Scores& scores, Scratch best, Scratch nearest, Index begin, ClusterSums& sums) {
    best.setConstant(-std::numeric_limits<T>::infinity());
    nearest.setZero();
    for (Index k = 0; k < scores.cols(); ++k) {
      keep_larger(&scores(0, k), static_cast<T>(k), scores.rows(), best.data(), nearest.data());
    }
    for (Index n = 0; n < scores.rows(); ++n) {
      const auto own = static_cast<Index>(nearest(n));
      std::int32_t& label = labels_[static_cast<std::size_t>(begin + n)];
      const double w = weight_of(sample_weight_, begin + n);
      // Rows of weight 0 get labels, but have no part in the stopping rule.
      if (label != own && w > 0) ++sums.n_changed;
      label = static_cast<std::int32_t>(own);
      sums.weights(own) += w;
      add_row(begin + n, w, &sums.rows(own, 0));
    }
  }

  void add_row(Index n, double weight, double* sum) const {
    const Index d = rows_.cols();
    const T* const row = &rows_(n, 0);
    const Index stride = rows_.col_stride();
    if (stride == 1) {
      for (Index j = 0; j < d; ++j) sum[j] += weight * static_cast<double>(row[j] - origin_(j));
    } else {
      for (Index j = 0; j < d; ++j) sum[j] += weight * static_cast<double>(row[j * stride] - origin_(j));
    }
  }

  double squared_distance(Index n) const {
    const Index own = labels_[static_cast<std::size_t>(n)];
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
  std::vector<std::int32_t> labels_;
};

}  // namespace

template <class T>
KMeansResult kmeans(MatrixView<const T> rows, Index n_clusters, VectorView<const double> uniforms,
                    VectorView<const double> sample_weight, const KMeansOptions& options) {
  const std::vector<Index> seeds = kmeans_plus_plus(rows, n_clusters, uniforms, sample_weight, options.n_threads);
  RowMajorMatrix<double> centers(n_clusters, rows.cols());
  for (Index k = 0; k < n_clusters; ++k) centers.row(k) = row_as_double(rows, seeds[static_cast<std::size_t>(k)]);
  const Location location = locate(rows, sample_weight, options.n_threads);
  const double tolerance = options.tol * location.mean_variance;

  Lloyd<T> lloyd(rows, sample_weight, location.mean, std::move(centers), options.n_threads);
  KMeansResult result;
  bool labels_fit_centers = false;
  while (result.n_iter < options.max_iter) {
    ++result.n_iter;
    ClusterSums sums = lloyd.assign();
    lloyd.relocate_empty(sums);
    const double moved = lloyd.update(sums);
    labels_fit_centers = sums.n_changed == 0;
    if (options.on_iteration) options.on_iteration();
    if (labels_fit_centers || moved <= tolerance) break;  // (61)
  }
  if (!labels_fit_centers) lloyd.assign();
  result.inertia = lloyd.inertia();
  result.labels = lloyd.take_labels();
  result.centers = lloyd.absolute_centers();
  return result;
}

template KMeansResult kmeans(MatrixView<const float>, Index, VectorView<const double>, VectorView<const double>,
                             const KMeansOptions&);
template KMeansResult kmeans(MatrixView<const double>, Index, VectorView<const double>, VectorView<const double>,
                             const KMeansOptions&);

}  // namespace gmmx
