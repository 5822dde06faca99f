// Axes that all components have in common: the best ones for given scatter, and those of a given mixture.
#pragma once

#include <cmath>
#include <vector>

#include "covariance/model.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

struct Angle {
  explicit Angle(double theta) : cos(std::cos(theta)), sin(std::sin(theta)) {}
  double cos;
  double sin;
};

// Symmetric matrices along common axes, which are rotated two at a time: a_k = D^T C_k D.
class RotatedMatrices {
 public:
  // matrices: each d x d, one after the other. axes: D.
  RotatedMatrices(const std::vector<double>& matrices, Matrix<double> axes);

  Index count() const { return static_cast<Index>(matrices_.size()); }
  Index n_features() const { return axes_.rows(); }
  const Matrix<double>& axes() const { return axes_; }
  double operator()(Index k, Index i, Index j) const { return matrices_[static_cast<std::size_t>(k)](i, j); }
  // (83) Turns axis i towards axis j: to cos axis_i + sin axis_j.
  void rotate(Index i, Index j, Angle angle);
  // The variances along the axes, a row a matrix.
  RowMajorMatrix<double> variances() const;
  // The largest share of a matrix that the axes miss: |a_ij| / sqrt(a_ii a_jj).
  double error() const;

 private:
  std::vector<Matrix<double>> matrices_;
  Matrix<double> axes_;
};

// (82) What the axes are to make small, volumes and shapes being the best for them: of a_k = D^T C_k D
enum class OrientationCriterion {
  own_volumes,   // sum_k N_k log prod_j (a_k)_jj
  equal_volumes  // sum_k N_k prod_j (a_k)_jj^(1/d)
};

// The covariances C_k along the axes that minimise it, searched from those of s.previous, or from several if there is
// none. \throws CollapsedComponent
RotatedMatrices best_orientation(const std::vector<double>& covariances, const Scatter& s,
                                 OrientationCriterion criterion);

// Covariances that have their axes in common, along these; in the order of descending shape on average.
RotatedMatrices common_orientation(const std::vector<double>& covariances, Index n_components, Index n_features);

}  // namespace gmmx
