/// \file
/// Whether covariances and factors that came from outside belong together.
#pragma once

#include "gmmx/covariance_type.hpp"
#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"

namespace gmmx {

/// Whether `covariances` and `precisions_cholesky` hold matrices; else they hold variances and their factors.
GMMX_EXPORT bool keeps_matrices(CovarianceType type);

/// Checks that covariances and factors of a mixture belong together, as far as numbers of a precision can tell: the
/// tolerance grows with the condition of the correlations, not with the scales of the features.
///
/// \param single_precision  whether both were rounded to 32-bit numbers
/// \throws InvalidArgument naming the component
GMMX_EXPORT void check_factors(const Mixture& mixture, bool single_precision = false);

}  // namespace gmmx
