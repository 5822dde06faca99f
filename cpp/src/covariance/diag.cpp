// Sigma_k = diag(W_k) / N_k: features are independent within a component.
#include "covariance/variances.hpp"
#include "density/diagonal.hpp"
#include "density/feature_density.hpp"

namespace gmmx {

namespace {

// (65) phi = (1, x, x_j^2): log density = c - sum_j p_j m_j^2 / 2 + sum_j p_j m_j x_j - sum_j p_j x_j^2 / 2.
template <class T>
std::unique_ptr<LogDensity<T>> diag_density(const Mixture& mixture, Weighting weighting) {
  using Exact = DiagonalLogDensity<T>;
  const Index d = mixture.n_features();
  const Array<double> means = centred_means<T>(mixture).array();
  const Array<double> precisions = Exact::scales(mixture).array().square();
  Matrix<double> coefficients(1 + 2 * d, mixture.n_components());
  coefficients.row(0) = log_constants(mixture, weighting, Exact::log_determinants(mixture)).transpose();
  coefficients.row(0).array() -= 0.5 * (precisions * means.square()).rowwise().sum().transpose();
  coefficients.middleRows(1, d) = (precisions * means).transpose().matrix();
  coefficients.bottomRows(d) = -0.5 * precisions.transpose().matrix();
  const double squared_reach = squared_reach_for<T>(precisions.maxCoeff(), d);
  return std::make_unique<FeatureLogDensity<T>>(
      SecondMomentForm::diagonal, coefficients, squared_reach,
      [&mixture, weighting] { return std::make_unique<Exact>(mixture, weighting); });
}

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
    return diag_density<double>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return diag_density<float>(mixture, w);
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    const ConstMatrixMap factors(mixture.precisions_cholesky().data(), mixture.n_components(), mixture.n_features());
    z.array().rowwise() /= factors.row(k).array();
  }
  void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    const ConstMatrixMap factors(mixture.precisions_cholesky().data(), mixture.n_components(), mixture.n_features());
    z.array().rowwise() *= factors.row(k).array();
  }

  Vector<double> relative_covariances(const Mixture& mixture, const Mixture& reference) const override {
    return relative_variances(mixture, reference, 1);
  }
  std::vector<double> covariances_at(const Vector<double>& numbers, const Mixture& reference,
                                     double floor) const override {
    return variances_at(numbers, reference, 1, floor);
  }
};

}  // namespace

const CovarianceModel& diag_model() {
  static const Diag model;
  return model;
}

}  // namespace gmmx
