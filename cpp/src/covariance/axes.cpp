#include "covariance/axes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "covariance/joint_diagonalisation.hpp"
#include "eigenvectors.hpp"

namespace gmmx {

namespace {

// The usual solver is right to eps times the largest eigenvalue, which may be all of the smallest one where features
// have units far apart. Beyond this ratio of variances it is no longer good enough.
constexpr double graded = 1e6;

bool is_graded(const Matrix<double>& covariance) {
  const double least = covariance.diagonal().minCoeff();
  return least > 0 && covariance.diagonal().maxCoeff() > graded * least;
}

// Makes the largest number of each column positive.
void fix_signs(Matrix<double>& directions) {
  for (Index j = 0; j < directions.cols(); ++j) {
    Index largest = 0;
    directions.col(j).cwiseAbs().maxCoeff(&largest);
    if (directions(largest, j) < 0) directions.col(j) = -directions.col(j);
  }
}

std::vector<Index> descending(const RowVector<double>& values) {
  std::vector<Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) { return values(i) > values(j); });
  return order;
}

// Turns both axes of each pair to the principal ones of the pair.
void diagonalise(RotatedMatrices& a) {
  for (Index i = 0; i < a.n_features(); ++i) {
    for (Index j = i + 1; j < a.n_features(); ++j) {
      const double twice = 2 * a(0, i, j), difference = a(0, i, i) - a(0, j, j);
      if (twice == 0) continue;
      const double theta = difference == 0 ? std::atan(1.0) : 0.5 * std::atan(twice / difference);
      a.rotate(i, j, Angle(theta));
    }
  }
}

// Jacobi's method: eigenvalues and the entries of eigenvectors are right to eps times the condition of the
// correlations, whatever the units. J. Demmel, K. Veselic: Jacobi's method is more accurate than QR. SIAM J. Matrix
// Anal. Appl. 13 (1992).
Axes axes_by_jacobi(const Matrix<double>& covariance) {
  constexpr int most_sweeps = 30;
  constexpr double good = 2 * std::numeric_limits<double>::epsilon();
  const Index d = covariance.rows();
  Matrix<double> start = Matrix<double>::Zero(d, d);
  Index j = 0;
  for (const Index feature : descending(covariance.diagonal().transpose())) start(feature, j++) = 1;
  RotatedMatrices rotated({covariance.data(), covariance.data() + covariance.size()}, std::move(start));
  for (int sweep = 0; sweep < most_sweeps && !(rotated.error() <= good); ++sweep) diagonalise(rotated);
  return in_order(rotated.variances(), rotated.axes());
}

}  // namespace

Axes in_order(const RowVector<double>& variances, const Matrix<double>& directions) {
  Axes axes{variances, directions};
  Index j = 0;
  for (const Index from : descending(variances)) {
    axes.variances(j) = variances(from);
    axes.directions.col(j++) = directions.col(from);
  }
  fix_signs(axes.directions);
  return axes;
}

Axes axes_of(const Eigen::Ref<const RowMajorMatrix<double>>& covariance) {
  const Matrix<double> own = covariance;
  if (!own.allFinite()) return {own.diagonal().transpose(), Matrix<double>::Identity(own.rows(), own.rows())};
  if (is_graded(own)) return axes_by_jacobi(own);
  const Eigenvectors eigen = eigenvectors_of(own);
  Axes axes{eigen.values.reverse().transpose(), eigen.vectors.rowwise().reverse()};
  fix_signs(axes.directions);
  return axes;
}

void compose(const Matrix<double>& directions, Eigen::Ref<const RowVector<double>> variances, MatrixMap covariance) {
  const Index d = directions.rows();
  Matrix<double> scaled = directions;
  for (Index j = 0; j < d; ++j) scaled.col(j) *= variances(j);
  Matrix<double> product(d, d);
  product.noalias() = scaled.lazyProduct(directions.transpose());
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j <= i; ++j) covariance(i, j) = covariance(j, i) = product(i, j);
  }
}

// (72), (86)
void append(const Axes& axes, Decomposition& to) {
  const Index d = axes.directions.rows();
  double log_volume = 0;
  for (Index j = 0; j < d; ++j) log_volume += std::log(axes.variances(j)) / static_cast<double>(d);
  const double volume = std::exp(log_volume);
  to.volumes.push_back(volume);
  for (Index j = 0; j < d; ++j) to.shapes.push_back(axes.variances(j) / volume);
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j < d; ++j) to.orientations.push_back(axes.directions(i, j));
  }
}

}  // namespace gmmx
