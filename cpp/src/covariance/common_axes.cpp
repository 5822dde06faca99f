// Sigma_k = D diag(v_k) D^T: all components have their axes D in common. EVE, VVE.
#include <cmath>
#include <limits>
#include <utility>

#include "covariance/axes.hpp"
#include "covariance/common_orientation.hpp"
#include "covariance/matrix_family.hpp"
#include "covariance/volume_and_shape.hpp"
#include "density/common_transform.hpp"

namespace gmmx {

namespace {

class CommonAxes final : public MatrixFamily {
 public:
  CommonAxes(Letters letters, VolumeAndShape volume_and_shape, OrientationCriterion criterion)
      : MatrixFamily(letters), volume_and_shape_(volume_and_shape), criterion_(criterion) {}

  std::vector<double> covariances(const Scatter& s) const override {
    const Index d = s.n_features;
    std::vector<double> result = own_covariances(s);
    const RotatedMatrices rotated = best_orientation(result, s, criterion_);
    RowMajorMatrix<double> variances = rotated.variances();
    volume_and_shape_(s.counts, variances);
    for (Index k = 0; k < s.n_components; ++k) compose(rotated.axes(), variances.row(k), matrix_of(result, k, d));
    return result;
  }

  Decomposition decompose(const Mixture& mixture) const override {
    const RotatedMatrices rotated = common_orientation(mixture.covariances(), mixture.n_components());
    const RowMajorMatrix<double> variances = rotated.variances();
    Decomposition result;
    for (Index k = 0; k < mixture.n_components(); ++k) append({variances.row(k), rotated.axes()}, result);
    return result;
  }

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    auto common = common_density<double>(mixture, w);
    return common ? std::move(common) : MatrixFamily::log_density(mixture, w, double());
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    auto common = common_density<float>(mixture, w);
    return common ? std::move(common) : MatrixFamily::log_density(mixture, w, float());
  }

 private:
  template <class T>
  std::unique_ptr<LogDensity<T>> common_density(const Mixture& mixture, Weighting weighting) const {
    // Densities are those of the factors, whatever covariances stand beside them.
    const std::vector<double> covariances =
        covariances_of_factors(mixture.precisions_cholesky(), mixture.n_components(), mixture.n_features());
    const RotatedMatrices rotated = common_orientation(covariances, mixture.n_components());
    const Matrix<double> scales = rotated.variances().array().rsqrt().matrix();
    return common_transform_density<T>(mixture, weighting, rotated.axes(), scales, rotated.error());
  }

  VolumeAndShape volume_and_shape_;
  OrientationCriterion criterion_;
};

}  // namespace

const CovarianceModel& EVE_model() {
  static const CommonAxes model({'E', 'V', 'E'}, equal_volume_own_shape, OrientationCriterion::equal_volumes);
  return model;
}
const CovarianceModel& VVE_model() {
  static const CommonAxes model({'V', 'V', 'E'}, own_volume_own_shape, OrientationCriterion::own_volumes);
  return model;
}

}  // namespace gmmx
