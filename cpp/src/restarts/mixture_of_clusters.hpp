// Where a start begins: the mixture of the clusters that k-means found.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gmmx/em.hpp"

namespace gmmx {

// \throws CollapsedComponent
template <class T>
Mixture mixture_of_clusters(MatrixView<const T> rows, const std::vector<std::int32_t>& labels, Index n_components,
                            CovarianceType type, VectorView<const double> sample_weight, double reg_covar,
                            const std::optional<ConjugatePrior>& prior, int n_threads) {
  const VectorView<const std::int32_t> view(labels.data(), rows.rows());
  return m_step(statistics_from_labels(rows, view, n_components, second_moment_form(type), sample_weight, n_threads),
                type, reg_covar, prior);
}

}  // namespace gmmx
