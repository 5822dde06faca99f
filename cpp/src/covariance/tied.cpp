// Sigma = sum_k W_k / sum_k N_k: all components share one covariance matrix.
#include "covariance/matrices.hpp"
#include "density/common_whitening.hpp"

namespace gmmx {

namespace {

class Tied final : public CovarianceModel {
 public:
  std::vector<Index> shape(Index, Index d) const override { return {d, d}; }
  Index n_covariance_parameters(Index, Index d) const override { return d * (d + 1) / 2; }
  SecondMomentForm form() const override { return SecondMomentForm::pooled; }

  std::vector<double> covariances(const Scatter& s, double reg_covar) const override {
    std::vector<double> result(s.second.size());
    MatrixMap sigma(result.data(), s.n_features, s.n_features);
    sigma = ConstMatrixMap(s.second.data(), s.n_features, s.n_features) / s.total_count;  // (31), (34)
    sigma.diagonal().array() += reg_covar;                                                // (43)
    return result;
  }

  std::vector<double> factorize(const std::vector<double>& covariances, Index, Index d) const override {
    std::vector<double> factor(covariances.size());
    factorize_matrix({covariances.data(), d, d}, {factor.data(), d, d}, shared);
    return factor;
  }

  std::vector<double> covariances_of_factors(const std::vector<double>& factor, Index, Index d) const override {
    std::vector<double> covariance(factor.size());
    covariance_of_factor({factor.data(), d, d}, {covariance.data(), d, d}, shared);
    return covariance;
  }

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return std::make_unique<CommonWhiteningLogDensity<double>>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return std::make_unique<CommonWhiteningLogDensity<float>>(mixture, w);
  }

  void colour(const Mixture& mixture, Index, Eigen::Ref<Matrix<double>> z) const override {
    const Index d = mixture.n_features();
    colour_with_matrix({mixture.precisions_cholesky().data(), d, d}, z);
  }

 private:
  static constexpr Index shared = -1;
};

}  // namespace

const CovarianceModel& tied_model() {
  static const Tied model;
  return model;
}

}  // namespace gmmx
