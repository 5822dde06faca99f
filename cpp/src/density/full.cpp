#include <algorithm>

#include "density/cholesky_full.hpp"
#include "density/feature_density.hpp"
#include "density/kernels.hpp"
#include "gemm.hpp"

namespace gmmx {

// (65) phi = (1, x, x_i x_j): log density = c - m^T P m / 2 + (P m)^T x - x^T P x / 2, m relative to the origin.
template <class T>
std::unique_ptr<LogDensity<T>> full_density(const Mixture& mixture, Weighting weighting) {
  const Index d = mixture.n_features();
  const Matrix<double> means = centred_means<T>(mixture);
  const Vector<double> constants = constants_of_matrices(mixture, weighting);
  Matrix<double> coefficients(traits_of(SecondMoments::full).n_monomials(d), mixture.n_components());
  Matrix<double> precision(d, d);
  Vector<double> linear(d);
  double largest_precision = 0;
  for (Index k = 0; k < mixture.n_components(); ++k) {
    precision_of_factor(matrix_factor(mixture, k), precision);
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
  return std::make_unique<FeatureLogDensity<T>>(
      SecondMoments::full, d, coefficients, largest_precision,
      [&mixture, weighting] { return std::make_unique<FullCholeskyLogDensity<T>>(mixture, weighting); });
}

template std::unique_ptr<LogDensity<float>> full_density(const Mixture&, Weighting);
template std::unique_ptr<LogDensity<double>> full_density(const Mixture&, Weighting);

}  // namespace gmmx
