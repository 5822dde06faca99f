#include "covariance/axes.hpp"

#include <cmath>

#include "eigenvectors.hpp"

namespace gmmx {

void fix_signs(Matrix<double>& directions) {
  for (Index j = 0; j < directions.cols(); ++j) {
    Index largest = 0;
    directions.col(j).cwiseAbs().maxCoeff(&largest);
    if (directions(largest, j) < 0) directions.col(j) = -directions.col(j);
  }
}

Axes axes_of(const Eigen::Ref<const RowMajorMatrix<double>>& covariance) {
  const Matrix<double> own = covariance;
  if (!own.allFinite()) return {own.diagonal().transpose(), Matrix<double>::Identity(own.rows(), own.rows())};
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
