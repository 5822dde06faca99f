// Sigma_k = W_k / N_k: every component has its own covariance matrix.
#include "covariance/matrices.hpp"
#include "density/triangular.hpp"

namespace gmmx {

namespace {

class Full final : public CovarianceModel {
 public:
  std::vector<Index> shape(Index k, Index d) const override { return {k, d, d}; }
  Index n_covariance_parameters(Index k, Index d) const override { return k * (d * (d + 1) / 2); }
  SecondMomentForm form() const override { return SecondMomentForm::full; }

  std::vector<double> covariances(const Scatter& s, double reg_covar) const override {
    std::vector<double> result(s.second.size());
    for (Index k = 0; k < s.n_components; ++k) {
      const double n_k = s.counts[static_cast<std::size_t>(k)];
      MatrixMap sigma = matrix(result, k, s.n_features);
      if (n_k > 0) sigma = matrix(s.second, k, s.n_features) / n_k;  // (26), (34)
      sigma.diagonal().array() += reg_covar;                         // (43)
    }
    return result;
  }

  std::vector<double> factorize(const std::vector<double>& covariances, Index k_count, Index d) const override {
    std::vector<double> factors(covariances.size());
    for (Index k = 0; k < k_count; ++k) factorize_matrix(matrix(covariances, k, d), matrix(factors, k, d), k);
    return factors;
  }

  std::vector<double> covariances_of_factors(const std::vector<double>& factors, Index k_count,
                                             Index d) const override {
    std::vector<double> covariances(factors.size());
    for (Index k = 0; k < k_count; ++k) covariance_of_factor(matrix(factors, k, d), matrix(covariances, k, d), k);
    return covariances;
  }

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return std::make_unique<TriangularLogDensity<double>>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return std::make_unique<TriangularLogDensity<float>>(mixture, w);
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    colour_with_matrix(matrix(mixture.precisions_cholesky(), k, mixture.n_features()), z);
  }

 private:
  static MatrixMap matrix(std::vector<double>& matrices, Index k, Index d) {
    return {matrices.data() + k * d * d, d, d};
  }
  static ConstMatrixMap matrix(const std::vector<double>& matrices, Index k, Index d) {
    return {matrices.data() + k * d * d, d, d};
  }
};

}  // namespace

const CovarianceModel& full_model() {
  static const Full model;
  return model;
}

}  // namespace gmmx
