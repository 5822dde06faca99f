/// \file
/// Detection of equal components.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"

namespace gmmx {

/// Finds components whose means and covariances are equal up to rounding, with any weights. EM cannot separate
/// components that start at the same place. Components with weight 0 are ignored.
///
/// \param tolerance  largest difference of equal means, in standard deviations, and largest relative difference of
/// their
///                   variances
/// \returns groups of two or more components, in ascending order
GMMX_EXPORT std::vector<std::vector<Index>> equal_components(const Mixture& mixture, double tolerance = 1e-6);

}  // namespace gmmx
