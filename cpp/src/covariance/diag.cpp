// Sigma_k is diagonal: features are independent within a component. diag = VVI has variances a component; in EEI, VEI
// and EVI components have volumes or shapes in common.
#include "covariance/variance_family.hpp"
#include "covariance/volume_and_shape.hpp"

namespace gmmx {

namespace {

class Diagonal final : public VarianceFamily {
 public:
  constexpr Diagonal(VolumeShapeOrientation letters, VolumeAndShape volume_and_shape)
      : VarianceFamily(letters), volume_and_shape_(volume_and_shape) {}

  std::vector<double> covariances(const Scatter& s) const override {
    RowMajorMatrix<double> variances(s.n_components, s.n_features);
    for (Index k = 0; k < s.n_components; ++k) {
      const double n_k = s.counts[static_cast<std::size_t>(k)];
      for (Index j = 0; j < s.n_features; ++j) {
        const double sum = s.second[static_cast<std::size_t>(k * s.n_features + j)];
        variances(k, j) = (n_k > 0 ? sum / n_k : 0.0) + s.reg_covar;  // (32), (34), (43)
      }
    }
    volume_and_shape_(s.counts, variances);
    return {variances.data(), variances.data() + variances.size()};
  }

 private:
  VolumeAndShape volume_and_shape_;
};

constexpr Diagonal model_VVI({'V', 'V', 'I'}, own_volume_own_shape);
constexpr Diagonal model_EEI({'E', 'E', 'I'}, equal_volume_equal_shape);
constexpr Diagonal model_VEI({'V', 'E', 'I'}, own_volume_equal_shape);
constexpr Diagonal model_EVI({'E', 'V', 'I'}, equal_volume_own_shape);

}  // namespace

const CovarianceModel& diag_model() { return model_VVI; }
const CovarianceModel& VVI_model() { return model_VVI; }
const CovarianceModel& EEI_model() { return model_EEI; }
const CovarianceModel& VEI_model() { return model_VEI; }
const CovarianceModel& EVI_model() { return model_EVI; }

}  // namespace gmmx
