// Greedy k-means++ (Arthur & Vassilvitskii 2007): seeds drawn in proportion to the squared distance from those before,
// the best of a few candidates each time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "density/columns.hpp"
#include "gmmx/kmeans.hpp"
#include "rows/row_pass.hpp"

namespace gmmx {

namespace {

template <class T>
void check_clusters(const Rows<T>& rows, Index n_clusters, VectorView<const double> uniforms) {
  if (n_clusters < 1 || n_clusters > rows.size()) {
    throw InvalidArgument("n_clusters is " + std::to_string(n_clusters) +
                          ", but must be from 1 to the number of rows, " + std::to_string(rows.size()));
  }
  if (uniforms.size() != kmeans_draws(n_clusters)) {
    throw InvalidArgument("uniforms has " + std::to_string(uniforms.size()) + " numbers, but a seeding with " +
                          std::to_string(n_clusters) + " clusters takes " + std::to_string(kmeans_draws(n_clusters)));
  }
  check_sample_weight(rows);
  if (rows.weight.absent()) return;
  for (Index n = 0; n < rows.size(); ++n) {
    if (rows.weight[n] > 0) return;
  }
  throw InvalidArgument("sample_weight is zero for every row; give at least one positive weight");
}

Index local_trials(Index n_clusters) { return 2 + static_cast<Index>(std::log(static_cast<double>(n_clusters))); }

template <class T>
class Seeding {
 public:
  Seeding(const Rows<T>& rows, int n_threads)
      : rows_(rows),
        loop_(rows.size(), Index{sizeof(T)} * 3 * rows.n_features(), static_cast<double>(6 * rows.n_features()),
              n_threads),
        no_origin_(RowVector<T>::Zero(rows.n_features())),
        closest_(static_cast<std::size_t>(rows.size()), std::numeric_limits<T>::infinity()),
        chunk_sums_(static_cast<std::size_t>(loop_.chunks().count())) {}

  // The row at which the cumulative weight passes u times the whole.
  Index first_seed(double u) {
    double total = 0;
    for (Index n = 0; n < rows_.size(); ++n) total += rows_.weight_of(n);
    double sum = 0;
    Index last_positive = 0;
    for (Index n = 0; n < rows_.size(); ++n) {
      const double w = rows_.weight_of(n);
      sum += w;
      if (w > 0) last_positive = n;
      if (sum / total > u) return n;
    }
    return last_positive;
  }

  // (60) Makes that candidate a seed which leaves the least weighted squared distance; returns it. One pass over the
  // rows: what the distances would be is kept for every candidate, so that the best only has to be chosen.
  Index accept_best_of(const std::vector<Index>& candidates) {
    const auto n_candidates = candidates.size();
    RowMajorMatrix<T> centers(static_cast<Index>(n_candidates), rows_.n_features());
    for (std::size_t c = 0; c < n_candidates; ++c) {
      for (Index j = 0; j < rows_.n_features(); ++j) centers(static_cast<Index>(c), j) = rows_.x(candidates[c], j);
    }
    distances_.resize(n_candidates);
    for (auto& distances : distances_) distances.resize(closest_.size());
    std::vector<std::vector<double>> sums(n_candidates, std::vector<double>(chunk_sums_.size()));
    loop_.run([&] { return std::make_unique<Block<T>>(loop_.block_rows(), rows_.n_features()); },
              [&](Block<T>& block, Index begin, Index end) {
                const auto chunk = static_cast<std::size_t>(begin / loop_.chunks().chunk_rows);
                block.load(rows_.x, begin, end, no_origin_);
                const RowColumns<T>& rows = block.as_given();
                for (std::size_t c = 0; c < n_candidates; ++c) {
                  T* const to = distances_[c].data() + begin;
                  closer_distances(rows, &centers(static_cast<Index>(c), 0), closest_.data() + begin, to);
                  sums[c][chunk] += weighted_sum(to, begin, end);
                }
              });
    std::vector<double> totals;
    totals.reserve(sums.size());
    for (const auto& of_chunks : sums) totals.push_back(std::accumulate(of_chunks.begin(), of_chunks.end(), 0.0));
    const auto best = static_cast<std::size_t>(std::min_element(totals.begin(), totals.end()) - totals.begin());
    closest_.swap(distances_[best]);
    chunk_sums_ = std::move(sums[best]);
    potential_ = totals[best];
    return candidates[best];
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
      const Index begin = static_cast<Index>(chunk) * loop_.chunks().chunk_rows;
      const Index end = std::min(begin + loop_.chunks().chunk_rows, rows_.size());
      for (Index n = begin; n < end; ++n) {
        sum += weighted_closest(n);
        if (sum >= target && rows_.weight_of(n) > 0) return n;
      }
    }
    return rows_.size() - 1;  // rounding
  }

 private:
  // to[n] = min(closest[n], squared distance of the block's row n to the center)
  static void closer_distances(const RowColumns<T>& block, const T* center, const T* closest, T* to) {
    constexpr Index few = 64;
    T sum[few];
    for (Index begin = 0; begin < block.size(); begin += few) {
      const Index size = std::min(few, block.size() - begin);
      add_squares<true>(block.column_data(0) + begin, center[0], size, sum);
      for (Index j = 1; j < block.n_features(); ++j) {
        add_squares<false>(block.column_data(j) + begin, center[j], size, sum);
      }
      for (Index n = 0; n < size; ++n) to[begin + n] = sum[n] < closest[begin + n] ? sum[n] : closest[begin + n];
    }
  }
  template <bool First>
  static void add_squares(const T* column, T center, Index size, T* sum) {
    for (Index n = 0; n < size; ++n) {
      const T difference = column[n] - center;
      sum[n] = First ? difference * difference : sum[n] + difference * difference;
    }
  }
  double weighted_closest(Index n) const {
    return rows_.weight_of(n) * static_cast<double>(closest_[static_cast<std::size_t>(n)]);
  }
  // The order of the additions must not depend on where the memory lies: seeds are chosen by the sums.
  double weighted_sum(const T* distances, Index begin, Index end) const {
    if (rows_.weight.absent()) return sum_of(distances, end - begin);
    double sum = 0;
    for (Index n = begin; n < end; ++n) sum += rows_.weight[n] * static_cast<double>(distances[n - begin]);
    return sum;
  }

  Rows<T> rows_;
  BlockLoop loop_;
  RowVector<T> no_origin_;
  std::vector<T> closest_;                 // squared distance to the closest seed
  std::vector<std::vector<T>> distances_;  // what it would be with each candidate
  std::vector<double> chunk_sums_;
  double potential_ = 0;
};

}  // namespace

Index kmeans_draws(Index n_clusters) { return 1 + (n_clusters - 1) * local_trials(n_clusters); }

template <class T>
std::vector<Index> kmeans_plus_plus(const Rows<T>& rows, Index n_clusters, VectorView<const double> uniforms,
                                    int n_threads, const std::function<void()>& on_seed) {
  check_clusters(rows, n_clusters, uniforms);
  Seeding<T> seeding(rows, n_threads);
  std::vector<Index> seeds{seeding.first_seed(uniforms[0])};
  if (n_clusters > 1) seeding.accept_best_of(seeds);
  std::vector<Index> candidates(static_cast<std::size_t>(local_trials(n_clusters)));
  Index used = 1;
  while (static_cast<Index>(seeds.size()) < n_clusters) {
    for (Index& candidate : candidates) candidate = seeding.draw(uniforms[used++]);
    seeds.push_back(seeding.accept_best_of(candidates));
    if (on_seed) on_seed();
  }
  return seeds;
}

template std::vector<Index> kmeans_plus_plus(const Rows<float>&, Index, VectorView<const double>, int,
                                             const std::function<void()>&);
template std::vector<Index> kmeans_plus_plus(const Rows<double>&, Index, VectorView<const double>, int,
                                             const std::function<void()>&);

}  // namespace gmmx
