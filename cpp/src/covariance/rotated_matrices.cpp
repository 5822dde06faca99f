#include "covariance/rotated_matrices.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gmmx {

RotatedMatrices::RotatedMatrices(const std::vector<double>& matrices, Matrix<double> axes) : axes_(std::move(axes)) {
  const Index d = axes_.rows();
  const auto size = static_cast<std::size_t>(d * d);
  Matrix<double> half(d, d);
  for (std::size_t first = 0; first < matrices.size(); first += size) {
    const Matrix<double> matrix = ConstMatrixMap(matrices.data() + first, d, d);
    half.noalias() = matrix.lazyProduct(axes_);
    Matrix<double> rotated = axes_.transpose().lazyProduct(half);
    for (Index i = 0; i < d; ++i) {
      for (Index j = 0; j < i; ++j) rotated(i, j) = rotated(j, i);
    }
    matrices_.push_back(std::move(rotated));
  }
}

void RotatedMatrices::rotate(Index i, Index j, double cos, double sin) {
  const Index d = n_features();
  const auto turn = [cos, sin, i, j, d](Matrix<double>& matrix) {
    double* __restrict first = matrix.data() + i * d;
    double* __restrict second = matrix.data() + j * d;
    for (Index l = 0; l < d; ++l) {
      const double before = first[l];
      first[l] = cos * before + sin * second[l];
      second[l] = cos * second[l] - sin * before;
    }
  };
  turn(axes_);
  for (Matrix<double>& a : matrices_) {
    const double ii = a(i, i), jj = a(j, j), ij = a(i, j);
    turn(a);
    a(i, i) = cos * cos * ii + 2 * cos * sin * ij + sin * sin * jj;
    a(j, j) = sin * sin * ii - 2 * cos * sin * ij + cos * cos * jj;
    a(i, j) = a(j, i) = (cos * cos - sin * sin) * ij + cos * sin * (jj - ii);
    for (Index l = 0; l < d; ++l) {
      if (l == i || l == j) continue;
      a(i, l) = a(l, i);
      a(j, l) = a(l, j);
    }
  }
}

RowMajorMatrix<double> RotatedMatrices::variances() const {
  RowMajorMatrix<double> result(count(), n_features());
  for (Index k = 0; k < count(); ++k) {
    for (Index j = 0; j < n_features(); ++j) result(k, j) = (*this)(k, j, j);
  }
  return result;
}

double RotatedMatrices::error() const {
  double largest = 0;
  for (const Matrix<double>& a : matrices_) {
    for (Index j = 0; j < a.cols(); ++j) {
      for (Index i = 0; i < j; ++i) {
        const double share = std::abs(a(i, j)) / std::sqrt(a(i, i) * a(j, j));
        if (!(share <= largest)) largest = share;
      }
    }
  }
  return largest;
}

}  // namespace gmmx
