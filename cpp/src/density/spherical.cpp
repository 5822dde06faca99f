#include "density/spherical.hpp"

#include "density/feature_density.hpp"
#include "density/kernels.hpp"

namespace gmmx {

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
  return density_by_features<T, Exact>(SecondMoments::trace, mixture, weighting, coefficients, precisions.maxCoeff());
}

#define GMMX_INSTANTIATE(T) template std::unique_ptr<LogDensity<T>> spherical_density<T>(const Mixture&, Weighting);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
