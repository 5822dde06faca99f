#include "covariance/matrices.hpp"

#include <cmath>
#include <limits>

#include "products.hpp"

namespace gmmx {

namespace {

constexpr Index small = 24;  // up to here, packing matrices for a product takes longer than the product

// L^-T of the lower triangle of a matrix.
void invert_lower(const Matrix<double>& lower, MatrixMap inverse_t) {
  const Index d = lower.rows();
  inverse_t.setZero();
  if (d > small) {
    Matrix<double> inverse = Matrix<double>::Identity(d, d);
    lower.triangularView<Eigen::Lower>().solveInPlace(inverse);
    inverse_t.triangularView<Eigen::Upper>() = inverse.transpose();
    return;
  }
  // Column j of the inverse is row j of its transpose, and contiguous.
  for (Index j = 0; j < d; ++j) {
    double* const column = inverse_t.data() + j * d;
    column[j] = 1;
    for (Index i = j; i < d; ++i) {
      column[i] /= lower(i, i);
      for (Index l = i + 1; l < d; ++l) column[l] -= lower(l, i) * column[i];
    }
  }
}

}  // namespace

void factorize_matrix(ConstMatrixMap covariance, MatrixMap precision_cholesky, Index k) {
  if (!covariance.isApprox(covariance.transpose(), 1e-6)) {
    const std::string which = k < 0 ? "covariances" : "covariances[" + std::to_string(k) + "]";
    throw InvalidArgument(which + " is not symmetric; give (S + S^T) / 2 if rounding is to blame");
  }
  const Eigen::LLT<Matrix<double>> llt(covariance);
  if (llt.info() != Eigen::Success) throw_collapsed(k);
  const auto pivots = llt.matrixLLT().diagonal().array().square();
  // A pivot is a feature's variance given those before it: below this share of its own variance it is rounding noise.
  const double noise = std::numeric_limits<double>::epsilon();
  if (!(pivots > noise * covariance.diagonal().array()).all()) throw_collapsed(k);
  invert_lower(llt.matrixLLT(), precision_cholesky);  // (52)
  if (!precision_cholesky.allFinite()) throw_collapsed(k);
}

void covariance_of_factor(ConstMatrixMap u, MatrixMap covariance, Index k) {
  const Index d = u.rows();
  const std::string which = k < 0 ? "precisions_cholesky" : "precisions_cholesky[" + std::to_string(k) + "]";
  if (!(u.diagonal().array() > 0).all()) {
    throw InvalidArgument(which +
                          " has a diagonal element that is not positive; give the upper triangular U with "
                          "precision = U U^T and a positive diagonal");
  }
  if (!u.isUpperTriangular(0.0)) {
    throw InvalidArgument(which + " is not upper triangular; give the upper triangular U with precision = U U^T");
  }
  Matrix<double> inverse = Matrix<double>::Identity(d, d);
  u.triangularView<Eigen::Upper>().solveInPlace(inverse);
  covariance.noalias() = inverse.transpose() * inverse;
  if (!covariance.allFinite())
    throw InvalidArgument(which + " belongs to a covariance that is not finite; scale the data");
}

void precision_of_factor(ConstMatrixMap u, Matrix<double>& precision) {
  const Index d = u.rows();
  if (d <= small) {
    for (Index i = 0; i < d; ++i) {
      for (Index j = 0; j <= i; ++j) {
        double sum = 0;
        for (Index l = i; l < d; ++l) sum += u(i, l) * u(j, l);
        precision(i, j) = precision(j, i) = sum;
      }
    }
    return;
  }
  const Matrix<double> factor_t = u.transpose();
  multiply_to_lower<double>(factor_t, factor_t, false, precision);
  precision.triangularView<Eigen::StrictlyUpper>() = precision.transpose();
}

void colour_with_matrix(ConstMatrixMap u, Eigen::Ref<Matrix<double>> z) {
  u.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(z);
}

void whiten_with_matrix(ConstMatrixMap u, Eigen::Ref<Matrix<double>> z) { z = z.lazyProduct(u).eval(); }

void relative_matrix(ConstMatrixMap u, ConstMatrixMap reference, double weight, Eigen::Ref<Vector<double>> numbers) {
  // One column of the triangle after another, by back substitution in place.
  Index at = 0;
  for (Index j = 0; j < u.rows(); ++j) {
    auto column = numbers.segment(at, j + 1);
    for (Index i = j; i >= 0; --i) {
      const double known = u.row(i).segment(i + 1, j - i).dot(column.segment(i + 1, j - i));
      column(i) = (reference(i, j) - known) / u(i, i);
    }
    column(j) = std::sqrt(2.0) * std::log(column(j));
    at += j + 1;
  }
  numbers *= std::sqrt(weight);
}

bool matrix_at(Eigen::Ref<const Vector<double>> numbers, ConstMatrixMap reference, double weight, double floor,
               MatrixMap covariance) {
  const Index d = reference.rows();
  Matrix<double> factor = Matrix<double>::Zero(d, d);
  Index at = 0;
  for (Index j = 0; j < d; ++j) {
    for (Index i = 0; i < j; ++i) factor(i, j) = numbers(at++) / std::sqrt(weight);
    factor(j, j) = std::exp(numbers(at++) / std::sqrt(2 * weight));
  }
  colour_with_matrix(reference, factor);
  covariance = factor.transpose().lazyProduct(factor);
  if (!covariance.allFinite()) return false;
  Matrix<double> above = covariance;
  above.diagonal().array() -= floor;
  return above.llt().info() == Eigen::Success;
}

}  // namespace gmmx
