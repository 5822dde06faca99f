/// \file
/// A prior for means and covariances, which makes M-steps those of the posterior mode.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Conjugate prior of every component (Fraley & Raftery 2007): mu_k | Sigma_k ~ N(mean, Sigma_k / shrinkage), and
/// Sigma_k inverse Wishart with `dof` degrees of freedom and this scale; for variances in place of matrices, inverse
/// gamma with dof / 2 and half of the scale's diagonal (of its mean where one variance serves all features). What all
/// components have in common has it once. Weights have none.
struct ConjugatePrior {
  double shrinkage = 0.01;    ///< not negative; 0: no prior of the means
  std::vector<double> mean;   ///< n_features
  double dof = 0;             ///< more than n_features - 1; usual: n_features + 2
  std::vector<double> scale;  ///< n_features x n_features, symmetric and positive semidefinite
};

/// \throws InvalidArgument where sizes disagree, a number is out of range, or the scale is not symmetric and positive
/// semidefinite
GMMX_EXPORT void check_prior(const ConjugatePrior& prior, Index n_features);

}  // namespace gmmx
