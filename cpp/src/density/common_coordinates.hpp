// When components may share the coordinates of a row, z = T^T (x - origin), before each subtracts its own mean.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "density/block.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// Rounding leaves in coordinate j about
//
//     (113)  eps (sum_i (s_j T_ij r_i)^2)^(1/2),        r_i = max_n |x_ni - o_i|, s_j the largest scale of a component,
//
// in units of a standard deviation, however near the row is to a mean; a log-density loses |y| times the largest of
// these numbers, |y| the distance of the row from the mean in these units. That is taken to be sqrt(d) + 8: of a row
// farther from all means than that, no component's density is more than exp(-32) of what is usual.
template <class T>
class CommonCoordinates {
 public:
  CommonCoordinates(const Matrix<double>& transform, const RowVector<double>& largest_scales)
      : squares_((transform.array().rowwise() * largest_scales.array()).square()) {
    constexpr double allowed = std::is_same_v<T, double> ? 1e-9 : 1e-4;
    constexpr double eps = std::numeric_limits<T>::epsilon();
    const double root = allowed / (eps * (std::sqrt(static_cast<double>(transform.rows())) + 8));
    most_ = root * root;
  }

  // Whether they lose nothing that matters to the rows of this block.
  bool serve(Block<T>& block) const {
    const RowVector<double>& reach = block.reach();
    double largest = 0;
    for (Index j = 0; j < squares_.cols(); ++j) {
      double sum = 0;
      for (Index i = 0; i < squares_.rows(); ++i) sum += squares_(i, j) * reach(i) * reach(i);
      if (!(sum <= largest)) largest = sum;
    }
    return largest <= most_;
  }

 private:
  Array<double> squares_;
  double most_;
};

}  // namespace gmmx
