// Densities of components whose features are independent: a scale a component, or a component and feature.
#include "density/feature_density.hpp"
#include "density/kernels.hpp"

namespace gmmx {

namespace {

template <class T>
class VariancesLogDensity final : public LogDensity<T> {
 public:
  // scales: K x d.
  VariancesLogDensity(const char* name, const Mixture& mixture, const Vector<double>& constants,
                      const Array<double>& scales)
      : name_(name),
        means_(mixture),
        constants_(constants.cast<T>()),
        scales_(scales.cast<T>()),
        corrections_((means_.low.array() * scales).template cast<T>()) {}

  const char* name() const override { return name_; }

  void log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    const RowColumns<T>& rows = block.as_given();
    gaussian_log_prob(out, constants_, rows.n_features(), [&](Index k, Index j) {
      // Scaled first: squares of float32 differences may be larger than all numbers.
      auto y = (rows.column(j) - means_.high(k, j)) * scales_(k, j);
      if constexpr (SplitMeans<T>::is_exact) {
        return y;
      } else {
        return y - corrections_(k, j);  // (112)
      }
    });
  }

 private:
  const char* name_;
  SplitMeans<T> means_;
  Vector<T> constants_;
  Array<T> scales_;
  Array<T> corrections_;
};

}  // namespace

// (65) phi = (1, x, |x|^2): log density = c - p |m|^2 / 2 + p m^T x - p |x|^2 / 2.
template <class T>
std::unique_ptr<LogDensity<T>> spherical_density(const Mixture& mixture, Weighting weighting) {
  const Index d = mixture.n_features();
  const Array<double> means = centred_means<T>(mixture).array();
  const Column<double> scales = ConstVectorMap(mixture.precisions_cholesky().data(), mixture.n_components()).array();
  const Column<double> precisions = scales.square();
  const Vector<double> constants = log_constants(mixture, weighting, static_cast<double>(d) * scales.log().matrix());
  Matrix<double> coefficients(2 + d, mixture.n_components());
  coefficients.row(0) = constants.transpose();
  coefficients.row(0).array() -= 0.5 * (precisions * means.square().rowwise().sum()).transpose();
  coefficients.middleRows(1, d) = (means.colwise() * precisions).transpose().matrix();
  coefficients.row(1 + d) = -0.5 * precisions.transpose().matrix();
  return std::make_unique<FeatureLogDensity<T>>(
      SecondMoments::trace, d, coefficients, precisions.maxCoeff(), [=, &mixture] {
        return std::make_unique<VariancesLogDensity<T>>("spherical", mixture, constants, scales.replicate(1, d));
      });
}

// (65) phi = (1, x, x_j^2): log density = c - sum_j p_j m_j^2 / 2 + sum_j p_j m_j x_j - sum_j p_j x_j^2 / 2.
template <class T>
std::unique_ptr<LogDensity<T>> diagonal_density(const Mixture& mixture, Weighting weighting) {
  const Index d = mixture.n_features();
  const Array<double> means = centred_means<T>(mixture).array();
  const ConstMatrixMap factors(mixture.precisions_cholesky().data(), mixture.n_components(), d);
  const Array<double> scales = factors.array();
  const Array<double> precisions = scales.square();
  const Vector<double> constants = log_constants(mixture, weighting, factors.array().log().rowwise().sum().matrix());
  Matrix<double> coefficients(1 + 2 * d, mixture.n_components());
  coefficients.row(0) = constants.transpose();
  coefficients.row(0).array() -= 0.5 * (precisions * means.square()).rowwise().sum().transpose();
  coefficients.middleRows(1, d) = (precisions * means).transpose().matrix();
  coefficients.bottomRows(d) = -0.5 * precisions.transpose().matrix();
  return std::make_unique<FeatureLogDensity<T>>(
      SecondMoments::diagonal, d, coefficients, precisions.maxCoeff(),
      [=, &mixture] { return std::make_unique<VariancesLogDensity<T>>("diagonal", mixture, constants, scales); });
}

template std::unique_ptr<LogDensity<float>> spherical_density(const Mixture&, Weighting);
template std::unique_ptr<LogDensity<double>> spherical_density(const Mixture&, Weighting);
template std::unique_ptr<LogDensity<float>> diagonal_density(const Mixture&, Weighting);
template std::unique_ptr<LogDensity<double>> diagonal_density(const Mixture&, Weighting);

}  // namespace gmmx
