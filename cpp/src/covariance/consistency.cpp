#include <cmath>
#include <limits>
#include <string>

#include "gmmx/errors.hpp"
#include "gmmx/factors.hpp"
#include "linear_algebra.hpp"

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

std::string which_component(Index block, bool is_shared) { return is_shared ? "" : "[" + std::to_string(block) + "]"; }

[[noreturn]] void refuse_factor(const std::string& which) {
  throw InvalidArgument("precisions_cholesky" + which + " is not the factor of the inverse of covariances" + which +
                        "; leave one of them out to have it computed");
}

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
  const Matrix<double> product = scaled.transpose() * correlations * scaled;
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

bool keeps_matrices(CovarianceType type) {
  constexpr Index d = 1;  // the only number of features that all types allow
  const std::vector<Index> shape = covariance_shape(type, d + 1, d);
  return shape.size() >= 2 && shape[shape.size() - 2] == d;
}

void check_factors(const Mixture& mixture, bool single_precision) {
  const StoredRounding rounding = single_precision ? rounding_of_type<float>() : rounding_of_type<double>();
  const std::vector<double>& covariances = mixture.covariances();
  const std::vector<double>& factors = mixture.precisions_cholesky();
  const Index size = static_cast<Index>(covariances.size());
  if (!keeps_matrices(mixture.covariance_type())) {
    const Index width = size / mixture.n_components();
    for (Index i = 0; i < size; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (!belong_together(covariances[at], factors[at], rounding)) refuse_factor(which_component(i / width, false));
    }
    return;
  }
  const Index d = mixture.n_features();
  const bool is_shared = covariance_shape(mixture.covariance_type(), mixture.n_components(), d).size() == 2;
  for (Index k = 0; k * d * d < size; ++k) {
    const ConstMatrixMap covariance(covariances.data() + k * d * d, d, d);
    const ConstMatrixMap factor(factors.data() + k * d * d, d, d);
    if (!belong_together(covariance, factor, rounding)) refuse_factor(which_component(k, is_shared));
  }
}

}  // namespace gmmx
