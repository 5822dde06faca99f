// Densities of round components: one scale a component.
#pragma once

#include "density/log_density.hpp"

namespace gmmx {

template <class T>
class SphericalLogDensity final : public LogDensity<T> {
 public:
  SphericalLogDensity(const Mixture& mixture, Weighting weighting)
      : components_(mixture, weighting, log_determinants(mixture)),
        precisions_(scales(mixture).array().square().template cast<T>()) {}

  const char* name() const override { return "spherical"; }

  void weighted_log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    for (Index k = 0; k < components_.n_components(); ++k) {
      auto column = out.col(k);
      column = (block.column(0) - components_.means(k, 0)).square();
      for (Index j = 1; j < block.n_features(); ++j) column += (block.column(j) - components_.means(k, j)).square();
      column = components_.constants(k) - T(0.5) * precisions_(k) * column;  // (1), (6), (53)
    }
  }

  static ConstVectorMap scales(const Mixture& mixture) {
    return {mixture.precisions_cholesky().data(), mixture.n_components()};
  }
  static Vector<double> log_determinants(const Mixture& mixture) {
    return static_cast<double>(mixture.n_features()) * scales(mixture).array().log().matrix();
  }

 private:
  CentredComponents<T> components_;
  Vector<T> precisions_;
};

}  // namespace gmmx
