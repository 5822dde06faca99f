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

// (68) Logarithms of standard deviations against the reference's. in_variance: how many numbers of a row one variance
// is that of (d for spherical).
inline Vector<double> relative_variances(const Mixture& mixture, const Mixture& reference, Index in_variance) {
  const ConstVectorMap factors(mixture.precisions_cholesky().data(),
                               static_cast<Index>(mixture.precisions_cholesky().size()));
  const ConstVectorMap origin(reference.precisions_cholesky().data(), factors.size());
  Vector<double> numbers = (origin.array() / factors.array()).log();
  const Index per_component = factors.size() / mixture.n_components();
  for (Index i = 0; i < numbers.size(); ++i) {
    const double weight = reference.weights()[static_cast<std::size_t>(i / per_component)];
    numbers(i) *= std::sqrt(2 * weight * static_cast<double>(in_variance));
  }
  return numbers;
}

inline std::vector<double> variances_at(const Vector<double>& numbers, const Mixture& reference, Index in_variance,
                                        double floor) {
  std::vector<double> variances(static_cast<std::size_t>(numbers.size()));
  const Index per_component = numbers.size() / reference.n_components();
  for (Index i = 0; i < numbers.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double weight = reference.weights()[static_cast<std::size_t>(i / per_component)];
    const double growth = std::exp(2 * numbers(i) / std::sqrt(2 * weight * static_cast<double>(in_variance)));
    variances[at] = reference.covariances()[at] * growth;
    if (!(variances[at] > 0) || !(variances[at] >= floor) || !std::isfinite(variances[at])) return {};
  }
  return variances;
}

// Those of the model that are nearest: its M-step as if they were sums over rows. in_variance: as above.
inline std::vector<double> nearest_variances(const CovarianceModel& model, std::vector<double> variances,
                                             const Mixture& reference, Index in_variance) {
  const std::vector<double>& weights = reference.weights();
  const std::size_t per_component = variances.size() / weights.size();
  double total = 0;
  for (const double weight : weights) total += weight;
  for (std::size_t i = 0; i < variances.size(); ++i) {
    variances[i] *= weights[i / per_component] * static_cast<double>(in_variance);
  }
  return model.covariances(
      {reference.n_components(), reference.n_features(), weights, total, variances, 0.0, &reference});
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
