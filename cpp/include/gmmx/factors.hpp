/// \file
/// Consistency of covariances and factors from outside.
#pragma once

#include "gmmx/covariance_type.hpp"
#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"

namespace gmmx {

/// Whether `covariances` and `precisions_cholesky` are matrices, not variances and their factors.
GMMX_EXPORT bool keeps_matrices(CovarianceType type);

/// Checks that covariances and factors of a mixture agree up to rounding. The tolerance grows with the condition number
/// of the correlations, not with the scales of the features.
///
/// \param single_precision  whether both were rounded to 32-bit numbers
/// \throws InvalidArgument that names the component
GMMX_EXPORT void check_factors(const Mixture& mixture, bool single_precision = false);

}  // namespace gmmx
