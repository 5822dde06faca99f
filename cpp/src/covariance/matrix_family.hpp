// Covariances that are a matrix a component: how they are kept, factored and evaluated, whatever they have in common.
#pragma once

#include "covariance/mclust_name.hpp"
#include "covariance/model.hpp"

namespace gmmx {

class MatrixFamily : public CovarianceModel {
 public:
  explicit MatrixFamily(VolumeShapeOrientation letters) : letters_(letters) {}

  std::vector<Index> covariance_shape(Index k, Index d) const override { return {k, d, d}; }
  Index n_covariance_parameters(Index k, Index d) const override { return n_covariance_parameters_of(letters_, k, d); }
  SecondMoments form() const override { return SecondMoments::full; }
  bool ties_components() const override { return any_is_shared(letters_); }

  PriorShare prior_share(double dof, Index k, Index d) const override {
    return prior_share_of(letters_, dof + static_cast<double>(d + 1), k);
  }

  std::vector<double> factorize(const std::vector<double>& covariances, Index n_components, Index n_features,
                                int n_threads) const override;
  std::vector<double> covariances_of_factors(const std::vector<double>& factors, Index n_components,
                                             Index n_features) const override;
  // Each component has axes of its own.
  Decomposition decompose(const Mixture& mixture) const override;

  // As if nothing was in common.
  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override;
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override;

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override;
  void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override;

 private:
  VolumeShapeOrientation letters_;
};

// Matrix k of several.
inline MatrixMap matrix_of(std::vector<double>& matrices, Index k, Index d) {
  return {matrices.data() + k * d * d, d, d};
}
inline ConstMatrixMap matrix_of(const std::vector<double>& matrices, Index k, Index d) {
  return {matrices.data() + k * d * d, d, d};
}

// (26), (34), (43) W_k / N_k + reg_covar I; of an empty component without its scatter.
std::vector<double> own_covariances(const Scatter& scatter);

}  // namespace gmmx
