/// \file
/// A prior for means and covariances, with which M-steps maximise the posterior density.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Conjugate prior of every component (Fraley & Raftery 2007): mu_k | Sigma_k ~ N(mean, Sigma_k / shrinkage), and
/// Sigma_k is inverse Wishart with `dof` degrees of freedom and this scale. Variances are inverse gamma with dof / 2
/// and half of the diagonal of the scale, or half of its mean for a single variance. Shared covariances have one prior,
/// and weights none.
struct ConjugatePrior {
  double shrinkage = 0.01;    ///< nonnegative; 0: no prior of the means
  std::vector<double> mean;   ///< n_features
  double dof = 0;             ///< greater than n_features - 1; usually n_features + 2
  std::vector<double> scale;  ///< n_features x n_features, symmetric and positive semidefinite
};

/// \throws InvalidArgument if sizes disagree, a number is out of range, or the scale is not symmetric and positive
/// semidefinite
GMMX_EXPORT void check_prior(const ConjugatePrior& prior, Index n_features);

}  // namespace gmmx
