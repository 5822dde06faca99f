#include "density/cholesky_full.hpp"
#include "density/common_coordinates.hpp"
#include "density/feature_density.hpp"
#include "density/kernels.hpp"
#include "gemm.hpp"

namespace gmmx {

namespace {

// Rows and means are whitened once, z = U^T x, then distances are Euclidean.
template <class T>
class TiedCholeskyLogDensity final : public LogDensity<T> {
 public:
  // The mixture must live as long.
  TiedCholeskyLogDensity(const Mixture& mixture, Weighting weighting)
      : constants_(constants_of_matrices(mixture, weighting).template cast<T>()),
        coordinates_(matrix_factor(mixture, 0), RowVector<double>::Ones(mixture.n_features())),
        factor_(matrix_factor(mixture, 0).template cast<T>()),
        safe_([&mixture, weighting] { return std::make_unique<FullCholeskyLogDensity<T>>(mixture, weighting); }) {
    const Matrix<double> centred = centred_means<T>(mixture);
    Matrix<double> whitened(centred.rows(), centred.cols());
    multiply_upper<double>(centred, Matrix<double>(matrix_factor(mixture, 0)), whitened);
    whitened_means_ = whitened.template cast<T>();
  }

  const char* name() const override { return "cholesky-tied"; }
  const char* name_for(Block<T>& block) const override {
    return coordinates_.serve(block) ? name() : (*safe_).name_for(block);
  }

  void log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    if (!coordinates_.serve(block)) return (*safe_).log_prob(block, out);
    auto z = block.whitened();
    multiply_upper<T>(block.about_origin().rows(), factor_, z);
    gaussian_log_prob(out, constants_, z.cols(),
                      [&](Index k, Index j) { return z.col(j).array() - whitened_means_(k, j); });
  }

 private:
  Vector<T> constants_;
  CommonCoordinates<T> coordinates_;
  Matrix<T> factor_;
  Matrix<T> whitened_means_;
  LazyLogDensity<T> safe_;
};

}  // namespace

// (65) phi = (1, x): log density = c - m^T P m / 2 + (P m)^T x - |U^T x|^2 / 2, the last term common to all components.
template <class T>
std::unique_ptr<LogDensity<T>> tied_density(const Mixture& mixture, Weighting weighting) {
  const Index d = mixture.n_features();
  const Matrix<double> means = centred_means<T>(mixture);
  const Vector<double> constants = constants_of_matrices(mixture, weighting);
  Matrix<double> precision(d, d);
  precision_of_factor(matrix_factor(mixture, 0), precision);
  Matrix<double> coefficients(1 + d, mixture.n_components());
  Matrix<double> linear(d, mixture.n_components());
  multiply<double>(precision, Matrix<double>(means.transpose()), linear);
  coefficients.bottomRows(d) = linear;
  for (Index k = 0; k < means.rows(); ++k) coefficients(0, k) = constants(k) - 0.5 * means.row(k).dot(linear.col(k));
  const auto make_safe = [&mixture, weighting] {
    return std::make_unique<TiedCholeskyLogDensity<T>>(mixture, weighting);
  };
  return std::make_unique<FeatureLogDensity<T>>(SecondMoments::pooled, d, coefficients, largest_eigenvalue(precision),
                                                make_safe, matrix_factor(mixture, 0));
}

template std::unique_ptr<LogDensity<float>> tied_density(const Mixture&, Weighting);
template std::unique_ptr<LogDensity<double>> tied_density(const Mixture&, Weighting);

}  // namespace gmmx
