/// \file
/// k-means++ seeding and Lloyd's algorithm, the default initialization of EM. Rows are n x d, float or double, and are
/// not checked for finite values. Safe to call from several threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/rows.hpp"

namespace gmmx {

/// Number of uniform random numbers in one seeding: 1 + (K - 1) (2 + floor(log K)).
GMMX_EXPORT Index kmeans_draws(Index n_clusters);

/// Greedy k-means++ (Arthur & Vassilvitskii 2007): indices of the K rows chosen as seeds.
/// The only randomness is `uniforms`, kmeans_draws(K) numbers in [0, 1). Takes K passes over the rows.
/// \param on_seed called after each seed; may throw to stop
/// \throws InvalidArgument if sizes disagree, there are fewer rows than clusters or all weights are zero
template <class T>
GMMX_EXPORT std::vector<Index> kmeans_plus_plus(const Rows<T>& rows, Index n_clusters,
                                                VectorView<const double> uniforms, int n_threads = 1,
                                                const std::function<void()>& on_seed = {});

struct KMeansOptions {
  int max_iter = 300;
  double tol = 1e-4;  ///< times the mean variance of the features: bound on the squared movement of the centers
  int n_threads = 1;
  /// Called after each seed and each iteration of Lloyd's algorithm; may throw to stop.
  std::function<void()> on_iteration;
};

struct KMeansResult {
  std::vector<std::int32_t> labels;  ///< n
  std::vector<double> centers;       ///< K x d
  double inertia = 0.0;              ///< weighted sum of squared distances to the centers
  int n_iter = 0;
};

/// Lloyd's algorithm from k-means++ seeds. An empty cluster is moved to the row farthest from its center. An iteration
/// costs at most 2 n K d operations; results do not depend on options.n_threads. \throws like kmeans_plus_plus()
template <class T>
GMMX_EXPORT KMeansResult kmeans(const Rows<T>& rows, Index n_clusters, VectorView<const double> uniforms,
                                const KMeansOptions& options);

}  // namespace gmmx
