// Axes of covariance matrices and the variances along them.
#pragma once

#include "gmmx/decomposition.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

struct Axes {
  RowVector<double> variances;  // descending
  Matrix<double> directions;    // a column each, its largest number positive
};

// Eigenvalues and eigenvectors of a symmetric matrix.
Axes axes_of(const Eigen::Ref<const RowMajorMatrix<double>>& covariance);

// directions diag(variances) directions^T, symmetric to the last bit.
void compose(const Matrix<double>& directions, Eigen::Ref<const RowVector<double>> variances, MatrixMap covariance);

// The same axes by descending variance, with their signs fixed.
Axes in_order(const RowVector<double>& variances, const Matrix<double>& directions);

// One component more, with these axes.
void append(const Axes& axes, Decomposition& to);

}  // namespace gmmx
