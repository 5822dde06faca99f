// How much the fast formulas may lose, and how far rows may then lie from the origin. (67)
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include "linear_algebra.hpp"

namespace gmmx {

// Of many features all forms lose digits, as |y|^2 is a sum of d squares: cholesky_full.hpp was measured to lose up to
// 7 eps d. There is no point in asking for much more of this one.
template <class T>
double feature_tolerance(Index n_features) {
  constexpr double least = std::is_same_v<T, double> ? 1e-11 : 1e-4;
  constexpr double eps = std::numeric_limits<T>::epsilon();
  return std::max(least, 16 * eps * static_cast<double>(n_features));
}

// How far, squared, rows may lie from the origin. largest_precision: lambda_max over all P_k.
template <class T>
double squared_reach_for(double largest_precision, Index n_features) {
  constexpr double eps = std::numeric_limits<T>::epsilon();
  constexpr double largest_in_float = 1e28;  // beyond, squares leave its range
  const bool in_range = largest_precision < largest_in_float && largest_precision > 1 / largest_in_float;
  if (std::is_same_v<T, float> && !in_range) return 0;
  return feature_tolerance<T>(n_features) / (eps * largest_precision);
}

// |P v| / |v| after a few steps of the power method from a column of P: not more than the largest eigenvalue, and for
// covariances of data no less than 0.8 of it.
inline double power_method(const Matrix<double>& p, Index column) {
  constexpr int n_steps = 4;
  Vector<double> v = p.col(column);
  Vector<double> image(v.size());
  for (int step = 0; step < n_steps; ++step) {
    v.normalize();
    image.noalias() = p * v;
    v.swap(image);
  }
  return v.norm();
}

// Of a symmetric positive definite matrix, about: never more than the largest absolute row sum, which is a bound, but
// of many features several times too much. There the power method says more, with a quarter added for what it may lack.
inline double largest_eigenvalue(const Matrix<double>& p) {
  constexpr Index few = 16;
  double bound = 0;
  Index heaviest = 0;
  for (Index j = 0; j < p.cols(); ++j) {
    const double sum = p.col(j).cwiseAbs().sum();
    if (sum > bound) heaviest = j;
    bound = std::max(bound, sum);
  }
  if (p.cols() <= few || !(bound < std::numeric_limits<double>::infinity())) return bound;
  Index widest = 0;
  p.diagonal().maxCoeff(&widest);
  return std::min(bound, 1.25 * std::max(power_method(p, heaviest), power_method(p, widest)));
}

}  // namespace gmmx
