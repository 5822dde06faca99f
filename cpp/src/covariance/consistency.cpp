#include <cmath>
#include <limits>
#include <string>

#include "gemm.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/factors.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

// How numbers of a type are rounded: relative to them, and absolutely where they are subnormal.
struct StoredRounding {
  double relative;
  double absolute;
};

template <class T>
constexpr StoredRounding rounding_of_type() {
  return {double{std::numeric_limits<T>::epsilon()}, double{std::numeric_limits<T>::denorm_min()}};
}

constexpr double tolerated_multiple = 16;  // of what is unavoidable

// U^T S U is the identity up to rounding. With W = diag(s) U and s the standard deviations, rounding of S and U, of a
// Cholesky decomposition and of the inversion of a triangle change its element (i, j) by a small multiple of
// d * epsilon * |w_i|_1 |w_j|_1; subnormal covariances by their smallest step times |u_i|_1 |u_j|_1. The bound grows
// with the condition of the correlations, not with the scales of the features.
bool belong_together(const ConstMatrixMap& covariance, const ConstMatrixMap& factor, StoredRounding rounding) {
  const Index d = covariance.rows();
  const Vector<double> scales = covariance.diagonal().cwiseSqrt();
  const Vector<double> inverse = scales.cwiseInverse();
  const Matrix<double> correlations = inverse.asDiagonal() * covariance * inverse.asDiagonal();
  const Matrix<double> scaled = scales.asDiagonal() * factor;
  Matrix<double> half(d, d);
  Matrix<double> product(d, d);
  multiply<double>(correlations, scaled, half);
  multiply<double>(scaled.transpose(), half, product);
  const Vector<double> sizes = scaled.cwiseAbs().colwise().sum().transpose();
  const Vector<double> unscaled = factor.cwiseAbs().colwise().sum().transpose();
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j < d; ++j) {
      const double error = std::abs(product(i, j) - (i == j ? 1.0 : 0.0));
      const double bound = static_cast<double>(d) * rounding.relative * sizes(i) * sizes(j) +
                           rounding.absolute * unscaled(i) * unscaled(j);
      if (!std::isfinite(error) || error > tolerated_multiple * bound) return false;
    }
  }
  return true;
}

// The same of numbers.
bool belong_together(double variance, double factor, StoredRounding rounding) {
  const double scaled = std::sqrt(variance) * factor;
  return std::abs(scaled * scaled - 1) <=
         tolerated_multiple * (rounding.relative + rounding.absolute * factor * factor);
}

}  // namespace

bool keeps_matrices(CovarianceType type) { return traits_of(second_moment_form(type)).has_matrices(); }

void check_factors(const Mixture& mixture, bool single_precision) {
  const StoredRounding rounding = single_precision ? rounding_of_type<float>() : rounding_of_type<double>();
  const SecondMomentTraits& traits = traits_of(second_moment_form(mixture.covariance_type()));
  const std::vector<double>& covariances = mixture.covariances();
  const Index d = mixture.n_features();
  const Index step = traits.has_matrices() ? d * d : 1;
  for (Index i = 0; i < static_cast<Index>(covariances.size()); i += step) {
    const double* const covariance = covariances.data() + i;
    const double* const factor = mixture.precisions_cholesky().data() + i;
    if (traits.has_matrices() ? belong_together({covariance, d, d}, {factor, d, d}, rounding)
                              : belong_together(*covariance, *factor, rounding)) {
      continue;
    }
    const std::string which = traits.by_component ? "[" + std::to_string(i / traits.size({1, d})) + "]" : "";
    std::string message = "precisions_cholesky" + which;
    message.append(" is not the factor of the inverse of covariances").append(which);
    throw InvalidArgument(message.append("; leave one of them out to have it computed"));
  }
}

}  // namespace gmmx
