#include "covariance/matrices.hpp"

#include <cmath>
#include <limits>

#include "gemm.hpp"

namespace gmmx {

namespace {

constexpr Index small = 24;  // up to here, packing matrices for a product takes longer than the product

// A pivot is a feature's variance given those before it: below this share of its own variance it is rounding noise.
constexpr double noise = std::numeric_limits<double>::epsilon();

// Section 12 of docs/theory.md: the variance of a feature given all others, as a share of its own, is 1 / (Sigma_ii
// P_ii). The sums and the factorization of exactly dependent features were measured to leave up to 2 eps d of it, of
// either sign. Neither units nor the order of the features matter.
bool is_singular(ConstMatrixMap covariance, MatrixMap u) {
  const double least = 4 * noise * static_cast<double>(covariance.rows());
  for (Index i = 0; i < covariance.rows(); ++i) {
    if (covariance(i, i) < least_variance) return true;
    if (!(covariance(i, i) * u.row(i).tail(covariance.rows() - i).squaredNorm() * least < 1)) return true;
  }
  return false;
}

bool is_symmetric(ConstMatrixMap matrix) {
  constexpr double tolerance = 1e-6;
  double difference = 0;
  double size = 0;
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Index j = 0; j < matrix.rows(); ++j) {
      difference += (matrix(i, j) - matrix(j, i)) * (matrix(i, j) - matrix(j, i));
      size += matrix(i, j) * matrix(i, j);
    }
  }
  return difference <= tolerance * tolerance * size;
}

// (52) L^-T of covariance = L L^T; false where there is none.
bool factorize_large(ConstMatrixMap covariance, MatrixMap inverse_t) {
  const Eigen::LLT<Matrix<double>> llt(covariance);
  if (llt.info() != Eigen::Success) return false;
  const Matrix<double>& lower = llt.matrixLLT();
  if (!(lower.diagonal().array().square() > noise * covariance.diagonal().array()).all()) return false;
  Matrix<double> inverse = Matrix<double>::Identity(lower.rows(), lower.rows());
  lower.triangularView<Eigen::Lower>().solveInPlace(inverse);
  inverse_t.setZero();
  inverse_t.triangularView<Eigen::Upper>() = inverse.transpose();
  return true;
}

// The same for at most `small` features.
bool factorize_small(ConstMatrixMap covariance, MatrixMap inverse_t) {
  const Index d = covariance.rows();
  double lower[small * small];  // rows of L; its diagonal inverted
  for (Index i = 0; i < d; ++i) {
    double* const row = lower + i * d;
    for (Index j = 0; j <= i; ++j) {
      double rest = covariance(i, j);
      for (Index l = 0; l < j; ++l) rest -= row[l] * lower[j * d + l];
      if (j < i) {
        row[j] = rest * lower[j * d + j];
      } else {
        if (!(rest > 0) || !(rest > noise * covariance(i, i))) return false;
        row[j] = 1 / std::sqrt(rest);
      }
    }
  }
  // Column j of the inverse is row j of its transpose, and contiguous.
  inverse_t.setZero();
  for (Index j = 0; j < d; ++j) {
    double* const column = inverse_t.data() + j * d;
    for (Index i = j; i < d; ++i) {
      double rest = i == j ? 1.0 : 0.0;
      for (Index l = j; l < i; ++l) rest -= lower[i * d + l] * column[l];
      column[i] = rest * lower[i * d + i];
    }
  }
  return true;
}

// False where there is no factor.
bool factorize(ConstMatrixMap covariance, MatrixMap u) {
  const bool factorized = covariance.rows() <= small ? factorize_small(covariance, u) : factorize_large(covariance, u);
  return factorized && u.allFinite() && !is_singular(covariance, u);
}

}  // namespace

void factorize_matrix(ConstMatrixMap covariance, MatrixMap precision_cholesky, Index k) {
  if (!is_symmetric(covariance)) {
    const std::string which = k < 0 ? "covariances" : "covariances[" + std::to_string(k) + "]";
    throw InvalidArgument(which + " is not symmetric; give (S + S^T) / 2 if rounding is to blame");
  }
  if (!factorize(covariance, precision_cholesky)) throw_collapsed(k);
}

bool is_collapsed(ConstMatrixMap covariance) {
  RowMajorMatrix<double> factor(covariance.rows(), covariance.cols());
  return !factorize(covariance, {factor.data(), factor.rows(), factor.cols()});
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

double volume_of_matrix(const Eigen::Ref<const RowMajorMatrix<double>>& matrix, Index k) {
  const Eigen::LLT<Matrix<double>> llt{Matrix<double>(matrix)};
  if (llt.info() != Eigen::Success && matrix.allFinite()) throw_collapsed(k);
  double sum = 0;
  for (Index j = 0; j < matrix.rows(); ++j) sum += std::log(llt.matrixLLT()(j, j));
  return std::exp(2 * sum / static_cast<double>(matrix.rows()));
}

void colour_with_matrix(ConstMatrixMap u, Eigen::Ref<Matrix<double>> z) {
  u.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(z);
}

void whiten_with_matrix(ConstMatrixMap u, Eigen::Ref<Matrix<double>> z) { z = z.lazyProduct(u).eval(); }

}  // namespace gmmx
