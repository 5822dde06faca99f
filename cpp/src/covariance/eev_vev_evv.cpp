// Sigma_k = D_k diag(v_k) D_k^T with axes D_k a component, but volumes or shapes in common: EEV, VEV, EVV.
#include <cmath>

#include "covariance/axes.hpp"
#include "covariance/matrix_family.hpp"
#include "covariance/volume_and_shape.hpp"
#include "parallel/block_loop.hpp"

namespace gmmx {

namespace {

// (79) The best axes are the eigenvectors of each W_k, with the shape in the order of its eigenvalues.
class OwnAxes final : public MatrixFamily {
 public:
  constexpr OwnAxes(VolumeShapeOrientation letters, VolumeAndShape volume_and_shape)
      : MatrixFamily(letters), volume_and_shape_(volume_and_shape) {}

  std::vector<double> covariances(const Scatter& s) const override {
    const Index d = s.n_features;
    std::vector<double> result = own_covariances(s);
    RowMajorMatrix<double> variances(s.n_components, d);
    std::vector<Matrix<double>> directions(static_cast<std::size_t>(s.n_components));
    const auto cube = static_cast<double>(d * d * d);
    for_components(s.n_components, 10 * cube, s.n_threads, [&](Index k) {
      Axes axes = axes_of(matrix_of(result, k, d));
      variances.row(k) = axes.variances.cwiseMax(0.0);  // nonnegative up to rounding
      directions[static_cast<std::size_t>(k)] = std::move(axes.directions);
    });
    volume_and_shape_(s.counts, variances);
    for_components(s.n_components, 2 * cube, s.n_threads, [&](Index k) {
      compose(directions[static_cast<std::size_t>(k)], variances.row(k), matrix_of(result, k, d));
    });
    return result;
  }

 private:
  VolumeAndShape volume_and_shape_;
};

// (78), (79) W_k / |W_k|^(1/d) times the volume: no axes are needed.
class OwnShapes final : public MatrixFamily {
 public:
  constexpr OwnShapes() : MatrixFamily({'E', 'V', 'V'}) {}

  std::vector<double> covariances(const Scatter& s) const override {
    const Index d = s.n_features;
    std::vector<double> result = own_covariances(s);
    Vector<double> own(s.n_components);
    RowMajorMatrix<double> variances(s.n_components, d);
    for_components(s.n_components, static_cast<double>(d * d * d) / 3, s.n_threads, [&](Index k) {
      own(k) = volume_of_matrix(matrix_of(result, k, d), k);
      variances.row(k) = matrix_of(result, k, d).diagonal().transpose();
    });
    const double common = common_volume(s.counts, own, variances);
    for (Index k = 0; k < s.n_components; ++k) matrix_of(result, k, d) *= common / own(k);
    return result;
  }
};

constexpr OwnAxes model_EEV({'E', 'E', 'V'}, equal_volume_equal_shape);
constexpr OwnAxes model_VEV({'V', 'E', 'V'}, own_volume_equal_shape);
constexpr OwnShapes model_EVV;

}  // namespace

const CovarianceModel& EEV_model() { return model_EEV; }
const CovarianceModel& VEV_model() { return model_VEV; }
const CovarianceModel& EVV_model() { return model_EVV; }

}  // namespace gmmx
