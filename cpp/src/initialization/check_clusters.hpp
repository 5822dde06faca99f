// Checks of arguments that seeding and k-means share.
#pragma once

#include "checks.hpp"
#include "gmmx/kmeans.hpp"

namespace gmmx {

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

}  // namespace gmmx
