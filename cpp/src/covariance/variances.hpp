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

}  // namespace gmmx
