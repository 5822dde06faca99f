#include "density/cholesky_tied.hpp"
#include "density/feature_density.hpp"
#include "density/kernels.hpp"
#include "density/largest_eigenvalue.hpp"
#include "gemm.hpp"

namespace gmmx {

// (65) phi = (1, x): log density = c - m^T P m / 2 + (P m)^T x - |U^T x|^2 / 2, the last term common to all components.
template <class T>
std::unique_ptr<LogDensity<T>> tied_density(const Mixture& mixture, Weighting weighting) {
  using Exact = TiedCholeskyLogDensity<T>;
  const Index d = mixture.n_features();
  const Matrix<double> means = centred_means<T>(mixture);
  const Vector<double> constants = log_constants(mixture, weighting, Exact::log_determinants(mixture));
  Matrix<double> precision(d, d);
  precision_of_factor(Exact::factor(mixture), precision);
  Matrix<double> coefficients(1 + d, mixture.n_components());
  Matrix<double> linear(d, mixture.n_components());
  multiply<double>(precision, Matrix<double>(means.transpose()), linear);
  coefficients.bottomRows(d) = linear;
  for (Index k = 0; k < means.rows(); ++k) coefficients(0, k) = constants(k) - 0.5 * means.row(k).dot(linear.col(k));
  return density_by_features<T, Exact>(SecondMoments::pooled, mixture, weighting, coefficients,
                                       largest_eigenvalue(precision), Exact::factor(mixture));
}

#define GMMX_INSTANTIATE(T) template std::unique_ptr<LogDensity<T>> tied_density<T>(const Mixture&, Weighting);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
