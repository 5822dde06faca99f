// Densities under one shared covariance: rows and means are whitened once, z = U^T x, then distances are Euclidean.
#pragma once

#include "density/log_density.hpp"
#include "products.hpp"

namespace gmmx {

template <class T>
class CommonWhiteningLogDensity final : public LogDensity<T> {
 public:
  CommonWhiteningLogDensity(const Mixture& mixture, Weighting weighting)
      : components_(mixture, weighting, log_determinants(mixture)), factor_(factor(mixture).template cast<T>()) {
    const Matrix<double> centred = centred_means<T>(mixture);
    Matrix<double> whitened(centred.rows(), centred.cols());
    multiply_upper<double>(centred, Matrix<double>(factor(mixture)), whitened);
    whitened_means_ = whitened.template cast<T>();
  }

  const char* name() const override { return "common-whitening"; }

  void weighted_log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    auto z = block.whitened();
    multiply_upper<T>(block.rows(), factor_, z);
    for (Index k = 0; k < components_.n_components(); ++k) {
      auto column = out.col(k);
      column = (z.col(0).array() - whitened_means_(k, 0)).square();
      for (Index j = 1; j < z.cols(); ++j) column += (z.col(j).array() - whitened_means_(k, j)).square();
      column = components_.constants(k) - T(0.5) * column;  // (1), (6), (53)
    }
  }

  static ConstMatrixMap factor(const Mixture& mixture) {
    return {mixture.precisions_cholesky().data(), mixture.n_features(), mixture.n_features()};
  }
  static Vector<double> log_determinants(const Mixture& mixture) {
    const double log_det = factor(mixture).diagonal().array().log().sum();
    return Vector<double>::Constant(mixture.n_components(), log_det);
  }

 private:
  CentredComponents<T> components_;
  Matrix<T> factor_;
  Matrix<T> whitened_means_;
};

}  // namespace gmmx
