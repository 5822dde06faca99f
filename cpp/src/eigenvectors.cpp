#include "eigenvectors.hpp"

#include <Eigen/Eigenvalues>

namespace gmmx {

// As Eigen's solver does it, but the reflections that made the matrix tridiagonal turn the eigenvectors one by one. The
// solver's own product of them can work by blocks, and took two thirds of the time that this file compiled.
Eigenvectors eigenvectors_of(const Matrix<double>& matrix) {
  const Index d = matrix.rows();
  if (d == 1) return {matrix.diagonal(), Matrix<double>::Ones(1, 1)};
  Matrix<double> lower = matrix.triangularView<Eigen::Lower>();
  const double largest = lower.cwiseAbs().maxCoeff();
  const double scale = largest == 0 ? 1 : largest;
  lower /= scale;
  const Eigen::Tridiagonalization<Matrix<double>> tridiagonal(lower);
  const Matrix<double>& reflections = tridiagonal.packedMatrix();
  const Vector<double> coefficients = tridiagonal.householderCoefficients();

  Eigen::SelfAdjointEigenSolver<Matrix<double>> solver;
  solver.computeFromTridiagonal(tridiagonal.diagonal(), tridiagonal.subDiagonal());
  Matrix<double> vectors = solver.eigenvectors();
  Vector<double> workspace(d);
  for (Index k = d - 2; k >= 0; --k) {
    const Index below = d - k - 1;
    vectors.bottomRows(below).applyHouseholderOnTheLeft(reflections.col(k).tail(below - 1), coefficients(k),
                                                        workspace.data());
  }
  return {scale * solver.eigenvalues(), std::move(vectors)};
}

}  // namespace gmmx
