// Symmetric matrices seen along common axes, which turn two at a time: a_k = D^T C_k D.
#pragma once

#include <vector>

#include "linear_algebra.hpp"

namespace gmmx {

class RotatedMatrices {
 public:
  // matrices: each d x d, one after the other. axes: D.
  RotatedMatrices(const std::vector<double>& matrices, Matrix<double> axes);

  Index count() const { return static_cast<Index>(matrices_.size()); }
  Index n_features() const { return axes_.rows(); }
  const Matrix<double>& axes() const { return axes_; }
  double operator()(Index k, Index i, Index j) const { return matrices_[static_cast<std::size_t>(k)](i, j); }
  // (83) Turns axis i towards axis j: to cos * axis_i + sin * axis_j.
  void rotate(Index i, Index j, double cos, double sin);
  // The variances along the axes, a row a matrix.
  RowMajorMatrix<double> variances() const;
  // The largest share of a matrix that the axes miss: |a_ij| / sqrt(a_ii a_jj).
  double error() const;

 private:
  std::vector<Matrix<double>> matrices_;
  Matrix<double> axes_;
};

}  // namespace gmmx
