/// \file
/// Components that are one and the same.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"

namespace gmmx {

/// Finds components whose means and covariances are equal up to rounding, whatever their weights: EM cannot tell apart
/// what starts at the same place. Components of weight 0 are left out.
///
/// \param tolerance  how far apart equal means may be, in standard deviations, and how different their variances, as a
///                   share
/// \returns groups of two or more components, in ascending order
GMMX_EXPORT std::vector<std::vector<Index>> equal_components(const Mixture& mixture, double tolerance = 1e-6);

}  // namespace gmmx
