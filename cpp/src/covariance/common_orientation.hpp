// Axes that all components have in common: the best ones for given scatter, and those of a given mixture.
#pragma once

#include <vector>

#include "covariance/model.hpp"
#include "covariance/rotated_matrices.hpp"

namespace gmmx {

// (82) What the axes are to make small, volumes and shapes being the best for them: of a_k = D^T C_k D
enum class OrientationCriterion {
  own_volumes,   // sum_k N_k log prod_j (a_k)_jj
  equal_volumes  // sum_k N_k prod_j (a_k)_jj^(1/d)
};

// The covariances C_k along the axes that minimise it, searched from those of s.previous, or from several if there is
// none. \throws CollapsedComponent
RotatedMatrices best_orientation(const std::vector<double>& covariances, const Scatter& s,
                                 OrientationCriterion criterion);

// Covariances that have their axes in common, along these; in the order of descending shape on average.
RotatedMatrices common_orientation(const std::vector<double>& covariances, Index n_components);

}  // namespace gmmx
