#include "covariance/matrix_family.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cholesky.hpp"
#include "covariance/axes.hpp"
#include "gemm.hpp"
#include "gmmx/errors.hpp"
#include "large_vector.hpp"
#include "parallel/block_loop.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

constexpr Index columns_at_once = 8;  // columns of a matrix in C order that are read at once: a line of the cache

// A pivot is a feature's variance given those before it: below this share of its own variance it is rounding noise.
constexpr double noise = std::numeric_limits<double>::epsilon();

// Section 12 of docs/theory.md: the variance of a feature given all others, as a share of its own, is 1 / (Sigma_ii
// P_ii). The sums and the factorization of exactly dependent features were measured to leave up to 2 eps d of it, of
// either sign. Neither units nor the order of the features matter. Factors that are not finite are found as well.
bool is_singular(ConstMatrixMap covariance, MatrixMap u, double times) {
  const double least = times * 4 * noise * static_cast<double>(covariance.rows());
  for (Index i = 0; i < covariance.rows(); ++i) {
    if (covariance(i, i) < least_variance) return true;
    if (!(covariance(i, i) * u.row(i).tail(covariance.rows() - i).squaredNorm() * least < 1)) return true;
  }
  return false;
}

// Memory is read in order: some columns at a time beside as many rows.
bool is_symmetric(ConstMatrixMap matrix) {
  constexpr double tolerance = 1e-6;
  double asymmetry = 0;  // squared, of one triangle
  for (Index first = 0; first < matrix.rows(); first += columns_at_once) {
    for (Index i = first; i < matrix.rows(); ++i) {
      const Index end = std::min(first + columns_at_once, i);
      for (Index j = first; j < end; ++j) {
        const double difference = matrix(i, j) - matrix(j, i);
        asymmetry += difference * difference;
      }
    }
  }
  return asymmetry == 0 || 2 * asymmetry <= tolerance * tolerance * matrix.squaredNorm();
}

// The lower triangle of a matrix, with zeros above it, to the columns of another: likewise in order.
void copy_lower(ConstMatrixMap matrix, Matrix<double>& columns) {
  const Index d = matrix.rows();
  for (Index first = 0; first < d; first += columns_at_once) {
    const Index end = std::min(first + columns_at_once, d);
    columns.middleCols(first, end - first).topRows(end).setZero();
    for (Index i = first; i < d; ++i) {
      for (Index j = first; j < std::min(end, i + 1); ++j) columns(i, j) = matrix(i, j);
    }
  }
}

// (52) L^-T of covariance = L L^T; false where there is none.
bool factorize_large(ConstMatrixMap covariance, MatrixMap inverse_t) {
  const Index d = covariance.rows();
  Matrix<double> columns(column_stride<double>(d), d);
  copy_lower(covariance, columns);
  MatrixRef<double> lower = columns.topRows(d);
  if (!factorize_in_place(lower)) return false;
  if (!(lower.diagonal().array().square() > noise * covariance.diagonal().array()).all()) return false;
  invert_lower(lower);
  inverse_t.transpose() = lower;
  return true;
}

// The same for at most `small_matrix` features.
bool factorize_small(ConstMatrixMap covariance, MatrixMap inverse_t) {
  const Index d = covariance.rows();
  double lower[small_matrix * small_matrix];  // rows of L; its diagonal inverted
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

// Of one matrix among several, or of the only one.
std::string name_of_matrix(const char* matrices, Index k) {
  return k == all_components ? matrices : matrices + ("[" + std::to_string(k) + "]");
}

// (52) U = L^-T of covariance = L L^T, so that covariance^-1 = U U^T.
void factorize_or_throw(ConstMatrixMap covariance, MatrixMap u, Index k) {
  if (!is_symmetric(covariance)) {
    throw InvalidArgument(name_of_matrix("covariances", k) +
                          " is not symmetric; give (S + S^T) / 2 if rounding is to blame");
  }
  if (!factorizes(covariance, u)) throw_collapsed(k);
}

// U^-T U^-1
void invert_factor(ConstMatrixMap u, MatrixMap covariance, Index k) {
  const auto refuse = [k](const char* what) { throw InvalidArgument(name_of_matrix("precisions_cholesky", k) + what); };
  if (!(u.diagonal().array() > 0).all()) {
    refuse(
        " has a diagonal element that is not positive; give the upper triangular U with precision = U U^T and a "
        "positive diagonal");
  }
  if (!u.isUpperTriangular(0.0)) refuse(" is not upper triangular; give the upper triangular U with precision = U U^T");
  Matrix<double> inverse = Matrix<double>::Identity(u.rows(), u.rows());
  solve_upper(u, inverse);
  Matrix<double> product(u.rows(), u.rows());
  multiply_to_lower(inverse, inverse, product);
  covariance.triangularView<Eigen::Lower>() = product;
  covariance.triangularView<Eigen::StrictlyUpper>() = product.transpose();
  if (!covariance.allFinite()) refuse(" belongs to a covariance that is not finite; scale the data");
}

Index n_matrices(const std::vector<double>& matrices, Index d) { return static_cast<Index>(matrices.size()) / (d * d); }

// The matrix of a component, also where it is the only one.
ConstMatrixMap factor_of_component(const Mixture& mixture, Index k) {
  const std::vector<double>& factors = mixture.precisions_cholesky();
  return matrix_of(factors, k % n_matrices(factors, mixture.n_features()), mixture.n_features());
}

}  // namespace

std::vector<double> own_covariances(const Scatter& s) {
  std::vector<double> result = std::move(s.second);
  const auto numbers = static_cast<double>(s.n_features * s.n_features);
  for_components(s.n_components, numbers, s.n_threads, [&](Index k) {
    const double n_k = s.counts[static_cast<std::size_t>(k)];
    MatrixMap sigma = matrix_of(result, k, s.n_features);
    if (n_k > 0) {
      sigma /= n_k;  // (34)
    } else {
      sigma.setZero();
    }
    sigma.diagonal().array() += s.reg_covar;  // (43)
  });
  return result;
}

bool factorizes(ConstMatrixMap covariance, MatrixMap u, double times) {
  const bool factorized =
      covariance.rows() <= small_matrix ? factorize_small(covariance, u) : factorize_large(covariance, u);
  return factorized && !is_singular(covariance, u, times);
}

bool is_collapsed(ConstMatrixMap covariance) {
  RowMajorMatrix<double> factor(covariance.rows(), covariance.cols());
  return !factorizes(covariance, {factor.data(), factor.rows(), factor.cols()});
}

double volume_of_matrix(const Eigen::Ref<const RowMajorMatrix<double>>& matrix, Index k) {
  const auto [lower, exists] = cholesky_of(matrix);
  if (!exists && matrix.allFinite()) throw_collapsed(k);
  double sum = 0;
  for (Index j = 0; j < matrix.rows(); ++j) sum += std::log(lower(j, j));
  return std::exp(2 * sum / static_cast<double>(matrix.rows()));
}

std::vector<double> MatrixFamily::factorize(const std::vector<double>& covariances, Index, Index d,
                                            int n_threads) const {
  std::vector<double> factors = large_vector(covariances.size());
  factors.resize(covariances.size());
  const bool is_shared = form() == SecondMoments::pooled;
  for_components(n_matrices(covariances, d), static_cast<double>(2 * d * d * (d + 5)), n_threads, [&](Index k) {
    factorize_or_throw(matrix_of(covariances, k, d), matrix_of(factors, k, d), is_shared ? all_components : k);
  });
  return factors;
}

std::vector<double> MatrixFamily::covariances_of_factors(const std::vector<double>& factors, Index, Index d) const {
  std::vector<double> covariances(factors.size());
  const bool is_shared = form() == SecondMoments::pooled;
  for (Index k = 0; k < n_matrices(factors, d); ++k) {
    invert_factor(matrix_of(factors, k, d), matrix_of(covariances, k, d), is_shared ? all_components : k);
  }
  return covariances;
}

Decomposition MatrixFamily::decompose(const Mixture& mixture) const {
  Decomposition result;
  Axes axes;
  for (Index k = 0; k < mixture.n_components(); ++k) {
    const Index d = mixture.n_features();
    if (k < n_matrices(mixture.covariances(), d)) axes = axes_of(matrix_of(mixture.covariances(), k, d));
    append(axes, result);
  }
  return result;
}

void MatrixFamily::colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const {
  divide_by_upper(z, factor_of_component(mixture, k));
}

void MatrixFamily::whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const {
  z = z.lazyProduct(factor_of_component(mixture, k)).eval();
}

}  // namespace gmmx
