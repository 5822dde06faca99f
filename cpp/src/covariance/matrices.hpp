// Covariances that are matrices: factors, inverses and colouring, shared by the models that have any.
#pragma once

#include "covariance/model.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

// U = L^-T of covariance = L L^T, so that covariance^-1 = U U^T. k names the component in an error.
void factorize_matrix(ConstMatrixMap covariance, MatrixMap precision_cholesky, Index k);

// Whether that factor does not exist: the matrix is singular, to working precision.
bool is_collapsed(ConstMatrixMap covariance);

// The covariance U^-T U^-1 of an upper triangular factor. \throws InvalidArgument for any other matrix
void covariance_of_factor(ConstMatrixMap precision_cholesky, MatrixMap covariance, Index k);

// |M|^(1/d). \throws CollapsedComponent naming k where the matrix is not positive definite
double volume_of_matrix(const Eigen::Ref<const RowMajorMatrix<double>>& matrix, Index k);

// Rows z -> U^-T z.
void colour_with_matrix(ConstMatrixMap precision_cholesky, Eigen::Ref<Matrix<double>> z);

// Rows z -> U^T z.
void whiten_with_matrix(ConstMatrixMap precision_cholesky, Eigen::Ref<Matrix<double>> z);

}  // namespace gmmx
