// Parameters of a mixture that were checked, or come from mixtures.
#pragma once

#include <vector>

#include "gmmx/mixture.hpp"

namespace gmmx {

struct Mixture::Checked {
  CovarianceSpec spec;
  Index n_features;
  std::vector<double> weights;
  std::vector<double> means;
  std::vector<double> covariances;
  std::vector<double> precisions_cholesky;
};

// The parameters with all that the constructor of Mixture checks and computes. n_threads: for factorisations of many
// components. \throws as that constructor
Mixture::Checked check_mixture(Mixture::Checked parameters, int n_threads);

}  // namespace gmmx
