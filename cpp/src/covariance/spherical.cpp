// sigma_k^2 = tr(W_k) / (d N_k): components are round.
#include "density/spherical.hpp"

#include "covariance/variances.hpp"

namespace gmmx {

namespace {

class Spherical final : public CovarianceModel {
 public:
  std::vector<Index> shape(Index k, Index) const override { return {k}; }
  Index n_covariance_parameters(Index k, Index) const override { return k; }
  SecondMomentForm form() const override { return SecondMomentForm::trace; }

  std::vector<double> covariances(const Scatter& s, double reg_covar) const override {
    std::vector<double> result(s.second.size());
    for (std::size_t k = 0; k < result.size(); ++k) {
      const double numbers = s.counts[k] * static_cast<double>(s.n_features);
      result[k] = (numbers > 0 ? s.second[k] / numbers : 0.0) + reg_covar;  // (33), (34), (43)
    }
    return result;
  }

  std::vector<double> factorize(const std::vector<double>& covariances, Index, Index) const override {
    return factorize_variances(covariances, 1);
  }
  std::vector<double> covariances_of_factors(const std::vector<double>& factors, Index, Index) const override {
    return variances_of_factors(factors);
  }

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return std::make_unique<SphericalLogDensity<double>>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return std::make_unique<SphericalLogDensity<float>>(mixture, w);
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    z /= mixture.precisions_cholesky()[static_cast<std::size_t>(k)];
  }
};

}  // namespace

const CovarianceModel& spherical_model() {
  static const Spherical model;
  return model;
}

}  // namespace gmmx
