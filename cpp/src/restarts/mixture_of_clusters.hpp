// Where a start begins: the mixture of the clusters that k-means found.
#pragma once

#include <cstdint>
#include <vector>

#include "gmmx/em.hpp"

namespace gmmx {

// \throws CollapsedComponent
template <class T>
Mixture mixture_of_clusters(const Rows<T>& rows, const std::vector<std::int32_t>& labels, Index n_components,
                            CovarianceSpec spec, const MaximumLikelihood& likelihood, int n_threads) {
  const VectorView<const std::int32_t> view(labels.data(), rows.size());
  return m_step(statistics_from_labels(rows, view, n_components, second_moment_form(spec.type), n_threads), spec,
                likelihood.reg_covar, likelihood.prior, n_threads);
}

}  // namespace gmmx
