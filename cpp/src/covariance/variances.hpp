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
    if (!(variances[i] >= least_variance) || !std::isfinite(factors[i]))
      throw_collapsed(static_cast<Index>(i) / per_component);
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

// (72), (86) The features are the axes. at(k, j): the place of the variance of feature j of component k.
template <class Place>
Decomposition decomposition_of_variances(const Mixture& mixture, Place at) {
  const Index k_count = mixture.n_components(), d = mixture.n_features();
  Decomposition result;
  result.orientations.assign(static_cast<std::size_t>(k_count * d * d), 0.0);
  for (Index k = 0; k < k_count; ++k) {
    const auto variance = [&](Index j) { return mixture.covariances()[static_cast<std::size_t>(at(k, j))]; };
    double log_volume = 0;
    for (Index j = 0; j < d; ++j) log_volume += std::log(variance(j)) / static_cast<double>(d);
    const double volume = std::exp(log_volume);
    result.volumes.push_back(volume);
    for (Index j = 0; j < d; ++j) {
      result.shapes.push_back(variance(j) / volume);
      result.orientations[static_cast<std::size_t>((k * d + j) * d + j)] = 1.0;
    }
  }
  return result;
}

}  // namespace gmmx
