// How large a quadratic form can be: what bounds the rounding of features. (67)
#pragma once

#include <algorithm>
#include <limits>

#include "linear_algebra.hpp"

namespace gmmx {

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
