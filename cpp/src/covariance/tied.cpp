// Sigma = sum_k W_k / sum_k N_k: all components share one covariance matrix. tied = EEE.
#include "covariance/axes.hpp"
#include "covariance/matrices.hpp"
#include "covariance/mclust_name.hpp"
#include "density/kernels.hpp"

namespace gmmx {

namespace {

class Tied final : public CovarianceModel {
 public:
  std::vector<Index> covariance_shape(Index, Index d) const override { return {d, d}; }
  Index n_covariance_parameters(Index, Index d) const override { return d * (d + 1) / 2; }
  SecondMoments form() const override { return SecondMoments::pooled; }
  bool ties_components() const override { return true; }
  bool is_constrained() const override { return false; }

  PriorShare prior_share(double dof, Index k, Index d) const override {
    return prior_share_of({'E', 'E', 'E'}, dof + static_cast<double>(d + 1), k);
  }

  std::vector<double> covariances(const Scatter& s) const override {
    std::vector<double> result(s.second.size());
    MatrixMap sigma(result.data(), s.n_features, s.n_features);
    sigma = ConstMatrixMap(s.second.data(), s.n_features, s.n_features) / s.total_count;  // (31), (34)
    sigma.diagonal().array() += s.reg_covar;                                              // (43)
    return result;
  }

  std::vector<double> factorize(const std::vector<double>& covariances, Index, Index d, int) const override {
    std::vector<double> factor(covariances.size());
    factorize_matrix({covariances.data(), d, d}, {factor.data(), d, d}, all_components);
    return factor;
  }

  std::vector<double> covariances_of_factors(const std::vector<double>& factor, Index, Index d) const override {
    std::vector<double> covariance(factor.size());
    covariance_of_factor({factor.data(), d, d}, {covariance.data(), d, d}, all_components);
    return covariance;
  }

  Decomposition decompose(const Mixture& mixture) const override {
    const Index d = mixture.n_features();
    const Axes axes = axes_of(ConstMatrixMap(mixture.covariances().data(), d, d));
    Decomposition result;
    for (Index k = 0; k < mixture.n_components(); ++k) append(axes, result);
    return result;
  }

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return tied_density<double>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return tied_density<float>(mixture, w);
  }

  void colour(const Mixture& mixture, Index, Eigen::Ref<Matrix<double>> z) const override {
    colour_with_matrix(factor(mixture), z);
  }
  void whiten(const Mixture& mixture, Index, Eigen::Ref<Matrix<double>> z) const override {
    whiten_with_matrix(factor(mixture), z);
  }

 private:
  static ConstMatrixMap factor(const Mixture& mixture) {
    const Index d = mixture.n_features();
    return {mixture.precisions_cholesky().data(), d, d};
  }
};

}  // namespace

const CovarianceModel& tied_model() {
  static const Tied model;
  return model;
}
const CovarianceModel& EEE_model() { return tied_model(); }

}  // namespace gmmx
