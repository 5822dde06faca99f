// Greedy k-means++ (Arthur & Vassilvitskii 2007): seeds drawn in proportion to the squared distance from those before,
// the best of a few candidates each time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gmmx/kmeans.hpp"
#include "initialization/check_clusters.hpp"
#include "initialization/row_pass.hpp"

namespace gmmx {

namespace {

Index local_trials(Index n_clusters) { return 2 + static_cast<Index>(std::log(static_cast<double>(n_clusters))); }

template <class T>
class Seeding {
 public:
  Seeding(MatrixView<const T> rows, VectorView<const double> sample_weight, int n_threads)
      : rows_(rows),
        sample_weight_(sample_weight),
        chunks_(cut_into_chunks(rows.rows(), 3 * rows.cols())),
        n_threads_(useful_threads(n_threads, chunks_, static_cast<double>(6 * rows.cols()))),
        origin_(first_weighted_row(rows, sample_weight)),
        closest_(static_cast<std::size_t>(rows.rows()), std::numeric_limits<T>::infinity()),
        chunk_sums_(static_cast<std::size_t>(chunks_.count())) {}

  // The row at which the cumulative weight passes u times the whole.
  Index first_seed(double u) {
    double total = 0;
    for (Index n = 0; n < rows_.rows(); ++n) total += weight_of(sample_weight_, n);
    double sum = 0;
    Index last_positive = 0;
    for (Index n = 0; n < rows_.rows(); ++n) {
      const double w = weight_of(sample_weight_, n);
      sum += w;
      if (w > 0) last_positive = n;
      if (sum / total > u) return n;
    }
    return last_positive;
  }

  // Makes row n a seed: distances to the closest seed and their sums over the chunks.
  void accept(Index seed) {
    struct State {
      State(Index capacity, Index d) : block(capacity, d), distances(capacity) {}
      Block<T> block;
      Column<T> distances;
      double sum = 0;
    };
    const RowVector<T> center = relative(seed);
    std::size_t merged = 0;
    potential_ = 0;
    for_chunks(
        chunks_, n_threads_, [&] { return std::make_unique<State>(chunks_.block_rows, rows_.cols()); },
        [&](State& state, Index chunk_begin, Index chunk_end) {
          for_blocks(chunks_, chunk_begin, chunk_end, [&](Index begin, Index end) {
            state.block.load(rows_, begin, end, origin_);
            auto distances = state.distances.head(end - begin);
            squared_distances(state.block, center, distances);
            auto closest = closest_of(begin, end);
            closest = distances.min(closest);
            for (Index n = begin; n < end; ++n) state.sum += weighted_closest(n);
          });
        },
        [&](State& state) {
          chunk_sums_[merged++] = state.sum;
          potential_ += state.sum;
          state.sum = 0;
        });
  }

  // (59) The row at which the cumulative weighted distance reaches u times the whole.
  Index draw(double u) const {
    const double target = u * potential_;
    double sum = 0;
    for (std::size_t chunk = 0; chunk < chunk_sums_.size(); ++chunk) {
      const bool last = chunk + 1 == chunk_sums_.size();
      if (!last && sum + chunk_sums_[chunk] < target) {
        sum += chunk_sums_[chunk];
        continue;
      }
      const Index begin = static_cast<Index>(chunk) * chunks_.chunk_rows;
      const Index end = std::min(begin + chunks_.chunk_rows, rows_.rows());
      for (Index n = begin; n < end; ++n) {
        sum += weighted_closest(n);
        if (sum >= target && weight_of(sample_weight_, n) > 0) return n;
      }
    }
    return rows_.rows() - 1;  // rounding
  }

  // (60) Of the candidates the one that would leave the least weighted squared distance.
  Index best_of(const std::vector<Index>& candidates) const {
    struct State {
      State(Index capacity, Index d, std::size_t n) : block(capacity, d), distances(capacity), sums(n, 0.0) {}
      Block<T> block;
      Column<T> distances;
      std::vector<double> sums;
    };
    std::vector<RowVector<T>> centers;
    for (const Index candidate : candidates) centers.push_back(relative(candidate));
    std::vector<double> total(candidates.size(), 0.0);
    for_chunks(
        chunks_, n_threads_,
        [&] { return std::make_unique<State>(chunks_.block_rows, rows_.cols(), candidates.size()); },
        [&](State& state, Index chunk_begin, Index chunk_end) {
          for_blocks(chunks_, chunk_begin, chunk_end, [&](Index begin, Index end) {
            state.block.load(rows_, begin, end, origin_);
            auto distances = state.distances.head(end - begin);
            for (std::size_t c = 0; c < centers.size(); ++c) {
              squared_distances(state.block, centers[c], distances);
              distances = distances.min(closest_of(begin, end));
              state.sums[c] += weighted_sum(distances, begin);
            }
          });
        },
        [&](State& state) {
          for (std::size_t c = 0; c < total.size(); ++c) total[c] += state.sums[c];
          std::fill(state.sums.begin(), state.sums.end(), 0.0);
        });
    const auto best = std::min_element(total.begin(), total.end()) - total.begin();
    return candidates[static_cast<std::size_t>(best)];
  }

 private:
  RowVector<T> relative(Index n) const {
    RowVector<T> row(rows_.cols());
    for (Index j = 0; j < rows_.cols(); ++j) row(j) = rows_(n, j) - origin_(j);
    return row;
  }
  auto closest_of(Index begin, Index end) { return Eigen::Map<Column<T>>(closest_.data() + begin, end - begin); }
  auto closest_of(Index begin, Index end) const {
    return Eigen::Map<const Column<T>>(closest_.data() + begin, end - begin);
  }
  double weighted_closest(Index n) const {
    return weight_of(sample_weight_, n) * static_cast<double>(closest_[static_cast<std::size_t>(n)]);
  }
  template <class Distances>
  double weighted_sum(const Distances& distances, Index begin) const {
    if (sample_weight_.absent()) return distances.template cast<double>().sum();
    double sum = 0;
    for (Index i = 0; i < distances.size(); ++i) sum += sample_weight_[begin + i] * static_cast<double>(distances(i));
    return sum;
  }

  MatrixView<const T> rows_;
  VectorView<const double> sample_weight_;
  Chunks chunks_;
  int n_threads_;
  RowVector<T> origin_;
  std::vector<T> closest_;
  std::vector<double> chunk_sums_;
  double potential_ = 0;
};

}  // namespace

Index kmeans_draws(Index n_clusters) { return 1 + (n_clusters - 1) * local_trials(n_clusters); }

template <class T>
std::vector<Index> kmeans_plus_plus(MatrixView<const T> rows, Index n_clusters, VectorView<const double> uniforms,
                                    VectorView<const double> sample_weight, int n_threads) {
  check_clusters(rows, n_clusters, uniforms, sample_weight);
  Seeding<T> seeding(rows, sample_weight, n_threads);
  std::vector<Index> seeds{seeding.first_seed(uniforms[0])};
  std::vector<Index> candidates(static_cast<std::size_t>(local_trials(n_clusters)));
  Index used = 1;
  while (static_cast<Index>(seeds.size()) < n_clusters) {
    seeding.accept(seeds.back());
    for (Index& candidate : candidates) candidate = seeding.draw(uniforms[used++]);
    seeds.push_back(seeding.best_of(candidates));
  }
  return seeds;
}

template std::vector<Index> kmeans_plus_plus(MatrixView<const float>, Index, VectorView<const double>,
                                             VectorView<const double>, int);
template std::vector<Index> kmeans_plus_plus(MatrixView<const double>, Index, VectorView<const double>,
                                             VectorView<const double>, int);

}  // namespace gmmx
