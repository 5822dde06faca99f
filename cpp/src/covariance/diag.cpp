// Sigma_k = diag(W_k) / N_k: features are independent within a component.
#include "covariance/variances.hpp"
#include "density/diagonal.hpp"

namespace gmmx {

namespace {

class Diag final : public CovarianceModel {
 public:
  std::vector<Index> shape(Index k, Index d) const override { return {k, d}; }
  Index n_covariance_parameters(Index k, Index d) const override { return k * d; }
  SecondMomentForm form() const override { return SecondMomentForm::diagonal; }

  std::vector<double> covariances(const Scatter& s, double reg_covar) const override {
    std::vector<double> result(s.second.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
      const double n_k = s.counts[i / static_cast<std::size_t>(s.n_features)];
      result[i] = (n_k > 0 ? s.second[i] / n_k : 0.0) + reg_covar;  // (32), (34), (43)
    }
    return result;
  }

  std::vector<double> factorize(const std::vector<double>& covariances, Index, Index d) const override {
    return factorize_variances(covariances, d);
  }
  std::vector<double> covariances_of_factors(const std::vector<double>& factors, Index, Index) const override {
    return variances_of_factors(factors);
  }

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return std::make_unique<DiagonalLogDensity<double>>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return std::make_unique<DiagonalLogDensity<float>>(mixture, w);
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    const ConstMatrixMap factors(mixture.precisions_cholesky().data(), mixture.n_components(), mixture.n_features());
    z.array().rowwise() /= factors.row(k).array();
  }
};

}  // namespace

const CovarianceModel& diag_model() {
  static const Diag model;
  return model;
}

}  // namespace gmmx
