// Densities of round components: one scale a component.
#pragma once

#include "density/log_density.hpp"

namespace gmmx {

template <class T>
class SphericalLogDensity final : public LogDensity<T> {
 public:
  SphericalLogDensity(const Mixture& mixture, Weighting weighting)
      : means_(mixture),
        constants_(log_constants(mixture, weighting, log_determinants(mixture)).template cast<T>()),
        scales_(scales(mixture).template cast<T>()),
        corrections_((means_.low.array().colwise() * scales(mixture).array()).matrix().template cast<T>()) {}

  const char* name() const override { return "spherical"; }

  void log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    const RowColumns<T>& rows = block.as_given();
    for (Index k = 0; k < means_.n_components(); ++k) {
      auto column = out.col(k);
      column = scaled(rows, k, 0).square();
      for (Index j = 1; j < rows.n_features(); ++j) column += scaled(rows, k, j).square();
      column = constants_(k) - T(0.5) * column;  // (1), (6), (53)
    }
  }

  static ConstVectorMap scales(const Mixture& mixture) {
    return {mixture.precisions_cholesky().data(), mixture.n_components()};
  }
  static Vector<double> log_determinants(const Mixture& mixture) {
    return static_cast<double>(mixture.n_features()) * scales(mixture).array().log().matrix();
  }

 private:
  // Scaled first: squares of float32 differences may be larger than all numbers.
  auto scaled(const RowColumns<T>& rows, Index k, Index j) const {
    const auto y = (rows.column(j) - means_.high(k, j)) * scales_(k);
    if constexpr (SplitMeans<T>::is_exact) {
      return y;
    } else {
      return y - corrections_(k, j);  // (112)
    }
  }

  SplitMeans<T> means_;
  Vector<T> constants_;
  Vector<T> scales_;
  Matrix<T> corrections_;
};

}  // namespace gmmx
