// Sigma_k is diagonal: features are independent within a component. diag = VVI has variances a component; in EEI, VEI
// and EVI components have volumes or shapes in common.
#include "covariance/mclust_name.hpp"
#include "covariance/variances.hpp"
#include "covariance/volume_and_shape.hpp"
#include "density/kernels.hpp"

namespace gmmx {

namespace {

class Diagonal final : public CovarianceModel {
 public:
  Diagonal(VolumeShapeOrientation letters, VolumeAndShape volume_and_shape)
      : letters_(letters), volume_and_shape_(volume_and_shape) {}

  std::vector<Index> covariance_shape(Index k, Index d) const override { return {k, d}; }
  Index n_covariance_parameters(Index k, Index d) const override { return n_covariance_parameters_of(letters_, k, d); }
  SecondMoments form() const override { return SecondMoments::diagonal; }
  bool ties_components() const override { return any_is_shared(letters_); }

  PriorShare prior_share(double dof, Index k, Index) const override { return prior_share_of(letters_, dof + 2, k); }

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

  std::vector<double> factorize(const std::vector<double>& covariances, Index, Index d, int) const override {
    return factorize_variances(covariances, d);
  }
  std::vector<double> covariances_of_factors(const std::vector<double>& factors, Index, Index) const override {
    return variances_of_factors(factors);
  }
  Decomposition decompose(const Mixture& mixture) const override {
    const Index d = mixture.n_features();
    return decomposition_of_variances(mixture, [d](Index k, Index j) { return k * d + j; });
  }

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return diagonal_density<double>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return diagonal_density<float>(mixture, w);
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    const ConstMatrixMap factors(mixture.precisions_cholesky().data(), mixture.n_components(), mixture.n_features());
    z.array().rowwise() /= factors.row(k).array();
  }
  void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    const ConstMatrixMap factors(mixture.precisions_cholesky().data(), mixture.n_components(), mixture.n_features());
    z.array().rowwise() *= factors.row(k).array();
  }

 private:
  VolumeShapeOrientation letters_;
  VolumeAndShape volume_and_shape_;
};

}  // namespace

const CovarianceModel& diag_model() {
  static const Diagonal model({'V', 'V', 'I'}, own_volume_own_shape);
  return model;
}
const CovarianceModel& VVI_model() { return diag_model(); }
const CovarianceModel& EEI_model() {
  static const Diagonal model({'E', 'E', 'I'}, equal_volume_equal_shape);
  return model;
}
const CovarianceModel& VEI_model() {
  static const Diagonal model({'V', 'E', 'I'}, own_volume_equal_shape);
  return model;
}
const CovarianceModel& EVI_model() {
  static const Diagonal model({'E', 'V', 'I'}, equal_volume_own_shape);
  return model;
}

}  // namespace gmmx
