#include <algorithm>

#include "density/cholesky_full.hpp"
#include "density/feature_density.hpp"
#include "density/kernels.hpp"
#include "density/largest_eigenvalue.hpp"
#include "gemm.hpp"

namespace gmmx {

// (65) phi = (1, x, x_i x_j): log density = c - m^T P m / 2 + (P m)^T x - x^T P x / 2, m relative to the origin.
template <class T>
std::unique_ptr<LogDensity<T>> full_density(const Mixture& mixture, Weighting weighting) {
  using Exact = FullCholeskyLogDensity<T>;
  const Index d = mixture.n_features();
  const Matrix<double> means = centred_means<T>(mixture);
  const Vector<double> constants = log_constants(mixture, weighting, Exact::log_determinants(mixture));
  Matrix<double> coefficients(traits_of(SecondMoments::full).n_monomials(d), mixture.n_components());
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
  return density_by_features<T, Exact>(SecondMoments::full, mixture, weighting, coefficients, largest_precision);
}

#define GMMX_INSTANTIATE(T) template std::unique_ptr<LogDensity<T>> full_density<T>(const Mixture&, Weighting);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
