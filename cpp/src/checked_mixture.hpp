// Parameters of a mixture that need no check, as they come from mixtures.
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

}  // namespace gmmx
