/// \file
/// Covariances by volume, shape and orientation: Sigma_k = volume_k D_k diag(shape_k) D_k^T.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"

namespace gmmx {

/// Arrays in C order. A model whose covariances are diagonal has the features for axes, in their order; otherwise axes
/// are in the order of descending shape, on average over the components if these have them in common.
struct Decomposition {
  std::vector<double> volumes;       ///< K: |Sigma_k|^(1/d)
  std::vector<double> shapes;        ///< K x d, the product of each row 1
  std::vector<double> orientations;  ///< K x d x d: an axis a column, its largest number positive
};

/// Decomposes the covariances of each component, with orientations in common where the model has them in common.
/// O(K d^3). Safe to call from several threads at once.
GMMX_EXPORT Decomposition decompose(const Mixture& mixture);

}  // namespace gmmx
