#include "eigenvectors.hpp"

#include <Eigen/Eigenvalues>

namespace gmmx {

Eigenvectors eigenvectors_of(const Matrix<double>& matrix) {
  const Eigen::SelfAdjointEigenSolver<Matrix<double>> solver(matrix);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

}  // namespace gmmx
