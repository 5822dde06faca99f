// Sigma_k = W_k / N_k: every component has its own covariance matrix.
#include "covariance/matrices.hpp"
#include "density/feature_density.hpp"
#include "density/largest_eigenvalue.hpp"
#include "density/triangular.hpp"

namespace gmmx {

namespace {

// (65) phi = (1, x, x_i x_j): log density = c - m^T P m / 2 + (P m)^T x - x^T P x / 2, m relative to the origin.
template <class T>
std::unique_ptr<LogDensity<T>> full_density(const Mixture& mixture, Weighting weighting) {
  using Exact = TriangularLogDensity<T>;
  const Index d = mixture.n_features();
  const Matrix<double> means = centred_means<T>(mixture);
  const Vector<double> constants = log_constants(mixture, weighting, Exact::log_determinants(mixture));
  Matrix<double> coefficients(n_features_of(SecondMomentForm::full, d), mixture.n_components());
  Matrix<double> precision(d, d);
  Vector<double> linear(d);
  double largest_precision = 0;
  for (Index k = 0; k < mixture.n_components(); ++k) {
    precision_of_factor({mixture.precisions_cholesky().data() + k * d * d, d, d}, precision);
    largest_precision = std::max(largest_precision, largest_eigenvalue(precision));
    linear = precision.lazyProduct(means.row(k).transpose());
    coefficients(0, k) = constants(k) - 0.5 * means.row(k).dot(linear);
    coefficients.col(k).segment(1, d) = linear;
    Index at = 1 + d;
    for (Index i = 0; i < d; ++i) {
      coefficients(at++, k) = -0.5 * precision(i, i);
      for (Index j = i + 1; j < d; ++j) coefficients(at++, k) = -precision(i, j);
    }
  }
  const double squared_reach = squared_reach_for<T>(largest_precision, d);
  return std::make_unique<FeatureLogDensity<T>>(
      SecondMomentForm::full, coefficients, squared_reach,
      [&mixture, weighting] { return std::make_unique<Exact>(mixture, weighting); });
}

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
    return full_density<double>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return full_density<float>(mixture, w);
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    colour_with_matrix(matrix(mixture.precisions_cholesky(), k, mixture.n_features()), z);
  }
  void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    whiten_with_matrix(matrix(mixture.precisions_cholesky(), k, mixture.n_features()), z);
  }

  Vector<double> relative_covariances(const Mixture& mixture, const Mixture& reference) const override {
    const Index d = mixture.n_features();
    const Index each = n_covariance_parameters(1, d);
    Vector<double> numbers(mixture.n_components() * each);
    for (Index k = 0; k < mixture.n_components(); ++k) {
      relative_matrix(matrix(mixture.precisions_cholesky(), k, d), matrix(reference.precisions_cholesky(), k, d),
                      reference.weights()[static_cast<std::size_t>(k)], numbers.segment(k * each, each));
    }
    return numbers;
  }
  std::vector<double> covariances_at(const Vector<double>& numbers, const Mixture& reference,
                                     double floor) const override {
    const Index d = reference.n_features();
    const Index each = n_covariance_parameters(1, d);
    std::vector<double> result(static_cast<std::size_t>(reference.n_components() * d * d));
    for (Index k = 0; k < reference.n_components(); ++k) {
      const double weight = reference.weights()[static_cast<std::size_t>(k)];
      if (!matrix_at(numbers.segment(k * each, each), matrix(reference.precisions_cholesky(), k, d), weight, floor,
                     matrix(result, k, d)))
        return {};
    }
    return result;
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
