// sigma_k^2 = tr(W_k) / (d N_k): components are round.
#include "density/spherical.hpp"

#include "covariance/variances.hpp"
#include "density/feature_density.hpp"

namespace gmmx {

namespace {

// (65) phi = (1, x, |x|^2): log density = c - p |m|^2 / 2 + p m^T x - p |x|^2 / 2.
template <class T>
std::unique_ptr<LogDensity<T>> spherical_density(const Mixture& mixture, Weighting weighting) {
  using Exact = SphericalLogDensity<T>;
  const Index d = mixture.n_features();
  const Array<double> means = centred_means<T>(mixture).array();
  const Column<double> precisions = Exact::scales(mixture).array().square();
  Matrix<double> coefficients(2 + d, mixture.n_components());
  coefficients.row(0) = log_constants(mixture, weighting, Exact::log_determinants(mixture)).transpose();
  coefficients.row(0).array() -= 0.5 * (precisions * means.square().rowwise().sum()).transpose();
  coefficients.middleRows(1, d) = (means.colwise() * precisions).transpose().matrix();
  coefficients.row(1 + d) = -0.5 * precisions.transpose().matrix();
  const double squared_reach = squared_reach_for<T>(precisions.maxCoeff(), d);
  return std::make_unique<FeatureLogDensity<T>>(
      SecondMomentForm::trace, coefficients, squared_reach,
      [&mixture, weighting] { return std::make_unique<Exact>(mixture, weighting); });
}

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
    return spherical_density<double>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return spherical_density<float>(mixture, w);
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    z /= mixture.precisions_cholesky()[static_cast<std::size_t>(k)];
  }
  void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    z *= mixture.precisions_cholesky()[static_cast<std::size_t>(k)];
  }

  Vector<double> relative_covariances(const Mixture& mixture, const Mixture& reference) const override {
    return relative_variances(mixture, reference, mixture.n_features());
  }
  std::vector<double> covariances_at(const Vector<double>& numbers, const Mixture& reference,
                                     double floor) const override {
    return variances_at(numbers, reference, reference.n_features(), floor);
  }
};

}  // namespace

const CovarianceModel& spherical_model() {
  static const Spherical model;
  return model;
}

}  // namespace gmmx
