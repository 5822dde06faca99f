// Densities through a triangular factor a component: y = U_k^T (x - mu_k), |y|^2 is the Mahalanobis distance.
// The mean is subtracted first, so nothing cancels however far the data lie from zero or how narrow a component is.
#pragma once

#include <vector>

#include "density/log_density.hpp"
#include "panels/squared_norms.hpp"

namespace gmmx {

template <class T>
class TriangularLogDensity final : public LogDensity<T> {
 public:
  TriangularLogDensity(const Mixture& mixture, Weighting weighting)
      : components_(mixture, weighting, log_determinants(mixture)) {
    const Index d = mixture.n_features();
    for (Index k = 0; k < mixture.n_components(); ++k) {
      const ConstMatrixMap factor(mixture.precisions_cholesky().data() + k * d * d, d, d);
      norms_.emplace_back(factor.template cast<T>(), components_.means.row(k));
    }
  }

  const char* name() const override { return "triangular"; }

  void weighted_log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    for (Index k = 0; k < components_.n_components(); ++k) {
      norms_[static_cast<std::size_t>(k)].evaluate(block.panel_of_rows(), components_.constants(k),
                                                   block.differences().data(), out.col(k).data());  // (1), (6), (53)
    }
  }

  static Vector<double> log_determinants(const Mixture& mixture) {
    const Index d = mixture.n_features();
    Vector<double> result(mixture.n_components());
    for (Index k = 0; k < result.size(); ++k) {
      const ConstMatrixMap u(mixture.precisions_cholesky().data() + k * d * d, d, d);
      result(k) = u.diagonal().array().log().sum();
    }
    return result;
  }

 private:
  CentredComponents<T> components_;
  std::vector<SquaredNorms<T>> norms_;
};

}  // namespace gmmx
