// Covariances that one transform makes diagonal for all components at once: densities transform the rows once.
#pragma once

#include <memory>
#include <utility>

#include "covariance/matrix_family.hpp"
#include "density/kernels.hpp"

namespace gmmx {

// Sigma_k^-1 = T diag(scales_k)^2 T^T up to an error, see diagonalised_density().
struct Diagonalisation {
  Matrix<double> transform;
  Matrix<double> scales;  // K x d
  double error;
};

class DiagonalisedFamily : public MatrixFamily {
 public:
  using MatrixFamily::MatrixFamily;

  std::unique_ptr<LogDensity<double>> log_density(const Mixture& mixture, Weighting w, double) const override {
    return density<double>(mixture, w);
  }
  std::unique_ptr<LogDensity<float>> log_density(const Mixture& mixture, Weighting w, float) const override {
    return density<float>(mixture, w);
  }

 private:
  // Of the factors, whatever covariances stand beside them.
  virtual Diagonalisation diagonalisation(const Mixture& mixture) const = 0;

  template <class T>
  std::unique_ptr<LogDensity<T>> density(const Mixture& mixture, Weighting weighting) const {
    const Diagonalisation common = diagonalisation(mixture);
    auto fast = diagonalised_density<T>(mixture, weighting, common.transform, common.scales, common.error);
    return fast ? std::move(fast) : MatrixFamily::log_density(mixture, weighting, T());
  }
};

}  // namespace gmmx
