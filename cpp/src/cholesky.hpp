// Cholesky decompositions and triangular systems, compiled once: they bring Eigen's product kernels with them.
#pragma once

#include "gemm.hpp"

namespace gmmx {

// matrix = L L^T. Where there is none, or numbers are not finite, `lower` is what was left of it.
struct Cholesky {
  Matrix<double> lower;  // above its diagonal, what the matrix had there
  bool exists;
};
Cholesky cholesky_of(const Matrix<double>& matrix);

// The same in place, above the diagonal nothing is read or written. False where there is none.
bool factorize_in_place(MatrixRef<double> matrix);

// lower := L^-1, for lower triangular L, which must be zero above its diagonal.
void invert_lower(MatrixRef<double> lower);

// b := U^-1 b, for upper triangular U
void solve_upper(ConstMatrixMap upper, MatrixRef<double> b);

// b := b U^-1, for upper triangular U
void divide_by_upper(MatrixRef<double> b, ConstMatrixMap upper);

}  // namespace gmmx
