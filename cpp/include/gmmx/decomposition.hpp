/// \file
/// Volumes, shapes and orientations of covariances: Sigma_k = volume_k D_k diag(shape_k) D_k^T.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"

namespace gmmx {

/// Arrays in C order. The axes of diagonal models are the features, in their order. Other axes are in the order of
/// descending shape, on average over the components if these share the axes.
struct Decomposition {
  std::vector<double> volumes;       ///< K: |Sigma_k|^(1/d)
  std::vector<double> shapes;        ///< K x d, the product of each row 1
  std::vector<double> orientations;  ///< K x d x d: axes as columns, with a positive largest entry
};

/// Decomposes the covariances of each component. Orientations are equal if the model shares them.
/// O(K d^3). Safe to call from several threads at once.
GMMX_EXPORT Decomposition decompose(const Mixture& mixture);

}  // namespace gmmx
