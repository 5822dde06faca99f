#include "density/diagonalised.hpp"

#include "density/feature_tolerance.hpp"
#include "density/kernels.hpp"

namespace gmmx {

template <class T>
std::unique_ptr<LogDensity<T>> diagonalised_density(const Mixture& mixture, Weighting weighting,
                                                    const Matrix<double>& transform, const Matrix<double>& scales,
                                                    double error) {
  const auto d = static_cast<double>(mixture.n_features());
  if (!(error * d <= feature_tolerance<T>(mixture.n_features()))) return nullptr;
  return std::make_unique<DiagonalisedLogDensity<T>>(mixture, weighting, transform, scales);
}

#define GMMX_INSTANTIATE(T)                                                                                         \
  template std::unique_ptr<LogDensity<T>> diagonalised_density<T>(const Mixture&, Weighting, const Matrix<double>&, \
                                                                  const Matrix<double>&, double);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
