#include "cholesky.hpp"

#include <Eigen/Cholesky>

namespace gmmx {

Cholesky cholesky_of(const Matrix<double>& matrix) {
  Cholesky result{matrix, false};
  const Eigen::LLT<Eigen::Ref<Matrix<double>>> in_place(result.lower);
  result.exists = in_place.info() == Eigen::Success;
  return result;
}

Matrix<double> inverse_of_lower(const Matrix<double>& lower) {
  Matrix<double> inverse = Matrix<double>::Identity(lower.rows(), lower.cols());
  lower.triangularView<Eigen::Lower>().solveInPlace(inverse);
  return inverse;
}

void solve_upper(ConstMatrixMap upper, MatrixRef<double> b) { upper.triangularView<Eigen::Upper>().solveInPlace(b); }

void divide_by_upper(MatrixRef<double> b, ConstMatrixMap upper) {
  upper.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(b);
}

}  // namespace gmmx
