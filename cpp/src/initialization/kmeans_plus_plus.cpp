// Greedy k-means++ (Arthur & Vassilvitskii 2007): seeds drawn in proportion to the squared distance from those before,
// the best of a few candidates each time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "checks.hpp"
#include "gmmx/kmeans.hpp"
#include "kernels/closest_distances.hpp"
#include "parallel/block_loop.hpp"

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

// Sums of distances are kept, the distances themselves only to the closest seed: what the best candidate changes of
// them is found again in the pass that tries the next ones, where it costs one distance of several.
template <class T>
class Seeding {
 public:
  Seeding(const Rows<T>& rows, Index n_candidates, int n_threads)
      : rows_(rows),
        loop_(rows.size(), Index{sizeof(T)} * rows.n_features(),
              static_cast<double>(3 * rows.n_features() * (n_candidates + 1)), n_threads),
        closest_(static_cast<std::size_t>(rows.size()), std::numeric_limits<T>::infinity()),
        chunk_sums_(static_cast<std::size_t>(loop_.chunks().count())),
        chunk_is_behind_(chunk_sums_.size(), false) {}

  // The row at which the cumulative weight passes u times the whole.
  Index first_seed(double u) const {
    if (rows_.weight.absent()) {
      const auto n_rows = static_cast<double>(rows_.size());
      auto n = std::max<Index>(static_cast<Index>(u * n_rows) - 1, 0);
      while (static_cast<double>(n + 1) / n_rows <= u) ++n;
      return n;
    }
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

  // (60) Makes that candidate a seed which leaves the least weighted squared distance; returns it. One pass.
  Index accept_best_of(const std::vector<Index>& candidates) {
    const bool has_seed = seed_ >= 0;
    std::vector<Index> points;
    points.reserve(candidates.size() + 1);
    if (has_seed) points.push_back(seed_);
    points.insert(points.end(), candidates.begin(), candidates.end());
    const LanesOfPoints<T> lanes(rows_.x, points);
    const auto n_lanes = static_cast<std::size_t>(lanes.n_lanes());
    std::vector<double> sums(chunk_sums_.size() * n_lanes);
    loop_.run([] { return std::make_unique<char>(); },
              [&](char&, Index begin, Index end) {
                const auto chunk = static_cast<std::size_t>(begin / loop_.chunks().chunk_rows);
                add_closest_distances(rows_, begin, end, lanes, has_seed, &closest_[0] + begin, &sums[chunk * n_lanes]);
              });
    // The sum over all rows for each candidate, and the sums of the chunks for the best.
    const auto first = static_cast<std::size_t>(has_seed ? 1 : 0);
    std::vector<double> totals(candidates.size());
    for (std::size_t chunk = 0; chunk < chunk_sums_.size(); ++chunk) {
      for (std::size_t c = 0; c < totals.size(); ++c) totals[c] += sums[chunk * n_lanes + first + c];
    }
    const auto best = static_cast<std::size_t>(std::min_element(totals.begin(), totals.end()) - totals.begin());
    for (std::size_t chunk = 0; chunk < chunk_sums_.size(); ++chunk)
      chunk_sums_[chunk] = sums[chunk * n_lanes + first + best];
    chunk_is_behind_.assign(chunk_sums_.size(), true);
    potential_ = totals[best];
    seed_ = candidates[best];
    return seed_;
  }

  // (59) The row at which the cumulative weighted distance reaches u times the whole.
  Index draw(double u) {
    const double target = u * potential_;
    double sum = 0;
    for (std::size_t chunk = 0; chunk < chunk_sums_.size(); ++chunk) {
      const bool last = chunk + 1 == chunk_sums_.size();
      if (!last && sum + chunk_sums_[chunk] < target) {
        sum += chunk_sums_[chunk];
        continue;
      }
      const Index begin = loop_.chunks().begin_of(static_cast<Index>(chunk));
      const Index end = loop_.chunks().end_of(static_cast<Index>(chunk));
      bring_up_to_date(chunk, begin, end);
      for (Index n = begin; n < end; ++n) {
        sum += weighted_closest(n);
        if (sum >= target && rows_.weight_of(n) > 0) return n;
      }
    }
    return rows_.size() - 1;  // rounding
  }

 private:
  // Takes the last seed into account in the distances of a chunk.
  void bring_up_to_date(std::size_t chunk, Index begin, Index end) {
    if (!chunk_is_behind_[chunk]) return;
    chunk_is_behind_[chunk] = false;
    const LanesOfPoints<T> seed(rows_.x, {seed_});
    std::vector<double> sums(static_cast<std::size_t>(seed.n_lanes()));
    add_closest_distances(rows_, begin, end, seed, true, &closest_[0] + begin, sums.data());
  }

  double weighted_closest(Index n) const {
    return rows_.weight_of(n) * static_cast<double>(closest_[static_cast<std::size_t>(n)]);
  }

  Rows<T> rows_;
  BlockLoop loop_;
  Index seed_ = -1;         // the last one; -1: none yet
  std::vector<T> closest_;  // squared distance to the closest seed, without the last one in chunks that are behind
  std::vector<double> chunk_sums_;
  std::vector<bool> chunk_is_behind_;
  double potential_ = 0;
};

}  // namespace

Index kmeans_draws(Index n_clusters) { return 1 + (n_clusters - 1) * local_trials(n_clusters); }

template <class T>
std::vector<Index> kmeans_plus_plus(const Rows<T>& rows, Index n_clusters, VectorView<const double> uniforms,
                                    int n_threads, const std::function<void()>& on_seed) {
  check_clusters(rows, n_clusters, uniforms);
  Seeding<T> seeding(rows, local_trials(n_clusters), n_threads);
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
