// Densities under one shared covariance: rows and means are whitened once, z = U^T x, then distances are Euclidean.
#pragma once

#include <memory>

#include "density/cholesky_full.hpp"
#include "density/common_coordinates.hpp"
#include "density/log_density.hpp"
#include "gemm.hpp"

namespace gmmx {

template <class T>
class TiedCholeskyLogDensity final : public LogDensity<T> {
 public:
  // The mixture must live as long.
  TiedCholeskyLogDensity(const Mixture& mixture, Weighting weighting)
      : constants_(log_constants(mixture, weighting, log_determinants(mixture)).template cast<T>()),
        coordinates_(factor(mixture), RowVector<double>::Ones(mixture.n_features())),
        factor_(factor(mixture).template cast<T>()),
        safe_([&mixture, weighting] { return std::make_unique<FullCholeskyLogDensity<T>>(mixture, weighting); }) {
    const Matrix<double> centred = centred_means<T>(mixture);
    Matrix<double> whitened(centred.rows(), centred.cols());
    multiply_upper<double>(centred, Matrix<double>(factor(mixture)), whitened);
    whitened_means_ = whitened.template cast<T>();
  }

  const char* name() const override { return "cholesky-tied"; }
  const char* name_for(Block<T>& block) const override {
    return coordinates_.serve(block) ? name() : (*safe_).name_for(block);
  }

  void log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    if (!coordinates_.serve(block)) {
      (*safe_).log_prob(block, out);
      return;
    }
    auto z = block.whitened();
    multiply_upper<T>(block.about_origin().rows(), factor_, z);
    for (Index k = 0; k < constants_.size(); ++k) {
      auto column = out.col(k);
      column = (z.col(0).array() - whitened_means_(k, 0)).square();
      for (Index j = 1; j < z.cols(); ++j) column += (z.col(j).array() - whitened_means_(k, j)).square();
      column = constants_(k) - T(0.5) * column;  // (1), (6), (53)
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
  Vector<T> constants_;
  CommonCoordinates<T> coordinates_;
  Matrix<T> factor_;
  Matrix<T> whitened_means_;
  LazyLogDensity<T> safe_;
};

}  // namespace gmmx
