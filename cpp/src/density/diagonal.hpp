// Densities of components whose features are independent: a scale a component and feature.
#pragma once

#include "density/log_density.hpp"

namespace gmmx {

template <class T>
class DiagonalLogDensity final : public LogDensity<T> {
 public:
  DiagonalLogDensity(const Mixture& mixture, Weighting weighting)
      : components_(mixture, weighting, log_determinants(mixture)), scales_(scales(mixture).template cast<T>()) {}

  const char* name() const override { return "diagonal"; }

  void weighted_log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    for (Index k = 0; k < components_.n_components(); ++k) {
      auto column = out.col(k);
      column = scaled(block, k, 0).square();
      for (Index j = 1; j < block.n_features(); ++j) column += scaled(block, k, j).square();
      column = components_.constants(k) - T(0.5) * column;  // (1), (6), (53)
    }
  }

  static ConstMatrixMap scales(const Mixture& mixture) {
    return {mixture.precisions_cholesky().data(), mixture.n_components(), mixture.n_features()};
  }
  static Vector<double> log_determinants(const Mixture& mixture) {
    return scales(mixture).array().log().rowwise().sum().matrix();
  }

 private:
  auto scaled(const Block<T>& block, Index k, Index j) const {
    return (block.column(j) - components_.means(k, j)) * scales_(k, j);
  }

  CentredComponents<T> components_;
  Matrix<T> scales_;
};

}  // namespace gmmx
