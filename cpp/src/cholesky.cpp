#include "cholesky.hpp"

#include <Eigen/Cholesky>

namespace gmmx {

namespace {

// Up to here, loops are faster than products of halves.
constexpr Index few_to_invert = 8;
constexpr Index few_to_multiply = 32;

// Where halves meet: at whole packets, and both have columns.
Index half_of(Index n) { return (n / 2 + 7) / 8 * 8; }

// lower := L^-1, column after column, by substitution.
void invert_few(MatrixRef<double> lower) {
  const Index n = lower.cols();
  lower.diagonal() = lower.diagonal().cwiseInverse();
  for (Index j = 0; j < n; ++j) {
    double* const column = &lower(0, j);
    for (Index i = j + 1; i < n; ++i) column[i] *= -column[j];
    for (Index k = j + 1; k < n; ++k) {
      const double* const of_l = &lower(0, k);
      column[k] *= of_l[k];
      for (Index i = k + 1; i < n; ++i) column[i] -= of_l[i] * column[k];
    }
  }
}

// b := L b, for lower triangular L that is zero above its diagonal; scratch has the columns of b.
void multiply_by_lower(MatrixRef<double> lower, MatrixRef<double> b, MatrixRef<double> scratch) {
  const Index n = lower.rows();
  if (n <= few_to_multiply) {
    multiply<double>(lower, b, scratch.topRows(n));
    b = scratch.topRows(n);
    return;
  }
  const Index half = half_of(n);
  const Index rest = n - half;
  multiply_by_lower(lower.bottomRightCorner(rest, rest), b.bottomRows(rest), scratch);
  add_product(lower.bottomLeftCorner(rest, half), b.topRows(half), b.bottomRows(rest));
  multiply_by_lower(lower.topLeftCorner(half, half), b.topRows(half), scratch);
}

// Of the halves of L = (A 0; B C), L^-1 = (A^-1 0; -C^-1 B A^-1 C^-1). The product with C^-1 comes first, and A is
// solved for: the residual L^-1 L - I is then as small as that of a solve against the identity.
void invert_halves(MatrixRef<double> lower, MatrixRef<double> scratch) {
  const Index n = lower.rows();
  if (n <= few_to_invert) return invert_few(lower);
  const Index half = half_of(n);
  const Index rest = n - half;
  MatrixRef<double> first = lower.topLeftCorner(half, half);
  MatrixRef<double> last = lower.bottomRightCorner(rest, rest);
  MatrixRef<double> between = lower.bottomLeftCorner(rest, half);
  invert_halves(last, scratch);
  multiply_by_lower(last, between, scratch.leftCols(half));
  between = -between;
  first.triangularView<Eigen::Lower>().solveInPlace<Eigen::OnTheRight>(between);
  invert_halves(first, scratch);
}

}  // namespace

Cholesky cholesky_of(const Matrix<double>& matrix) {
  Cholesky result{matrix, false};
  result.exists = factorize_in_place(result.lower);
  return result;
}

bool factorize_in_place(MatrixRef<double> matrix) {
  return Eigen::LLT<MatrixRef<double>>(matrix).info() == Eigen::Success;
}

void invert_lower(MatrixRef<double> lower) {
  Matrix<double> scratch(few_to_multiply, lower.cols());
  invert_halves(lower, scratch);
}

void solve_upper(ConstMatrixMap upper, MatrixRef<double> b) { upper.triangularView<Eigen::Upper>().solveInPlace(b); }

void divide_by_upper(MatrixRef<double> b, ConstMatrixMap upper) {
  upper.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(b);
}

}  // namespace gmmx
