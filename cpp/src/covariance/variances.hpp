// Covariances that are plain variances, element by element: shared by the models that have any.
#pragma once

#include <cmath>

#include "covariance/model.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

// Reciprocal standard deviations. per_component: how many variances a component has.
inline std::vector<double> factorize_variances(const std::vector<double>& variances, Index per_component) {
  std::vector<double> factors(variances.size());
  for (std::size_t i = 0; i < variances.size(); ++i) {
    factors[i] = 1.0 / std::sqrt(variances[i]);  // (52)
    if (!(variances[i] > 0) || !std::isfinite(factors[i])) throw_collapsed(static_cast<Index>(i) / per_component);
  }
  return factors;
}

inline std::vector<double> variances_of_factors(const std::vector<double>& factors) {
  std::vector<double> variances(factors.size());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (!(factors[i] > 0)) {
      throw InvalidArgument(
          "precisions_cholesky has an element that is not positive; give reciprocal standard deviations");
    }
    variances[i] = 1.0 / (factors[i] * factors[i]);
  }
  return variances;
}

}  // namespace gmmx
