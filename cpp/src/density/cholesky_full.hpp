// Densities through a triangular factor a component: y = U_k^T (x - mu_k), |y|^2 is the Mahalanobis distance.
// The mean is subtracted first, from rows as they were given, so nothing cancels however far the data lie from zero or
// from one another and however narrow a component is.
#pragma once

#include <memory>
#include <vector>

#include "density/log_density.hpp"
#include "kernels/mahalanobis.hpp"

namespace gmmx {

// Factors are kept a component, or one for all.
template <class T>
class FullCholeskyLogDensity final : public LogDensity<T> {
 public:
  FullCholeskyLogDensity(const Mixture& mixture, Weighting weighting)
      : constants_(log_constants(mixture, weighting, log_determinants(mixture)).template cast<T>()) {
    const SplitMeans<T> means(mixture);
    std::shared_ptr<const PackedUpper<T>> packed;
    for (Index k = 0; k < mixture.n_components(); ++k) {
      const ConstMatrixMap factor = factor_of(mixture, k);
      if (k == 0 || !is_shared(mixture)) packed = std::make_shared<const PackedUpper<T>>(factor.template cast<T>());
      const RowVector<double> correction = means.low.row(k).lazyProduct(factor);
      norms_.emplace_back(packed, means.high.row(k), correction.template cast<T>());
    }
  }

  const char* name() const override { return "cholesky-full"; }

  void log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    const Panel<T> rows = block.as_given().panel();
    for (Index k = 0; k < constants_.size(); ++k) {
      norms_[static_cast<std::size_t>(k)].evaluate(rows, constants_(k), block.differences().data(),
                                                   out.col(k).data());  // (1), (6), (53), (112)
    }
  }

  static Vector<double> log_determinants(const Mixture& mixture) {
    Vector<double> result(mixture.n_components());
    for (Index k = 0; k < result.size(); ++k) {
      result(k) = factor_of(mixture, k).diagonal().array().log().sum();
    }
    return result;
  }

 private:
  static bool is_shared(const Mixture& mixture) {
    const auto size = static_cast<Index>(mixture.precisions_cholesky().size());
    return size == mixture.n_features() * mixture.n_features();
  }
  static ConstMatrixMap factor_of(const Mixture& mixture, Index k) {
    const Index d = mixture.n_features();
    return {mixture.precisions_cholesky().data() + (is_shared(mixture) ? 0 : k * d * d), d, d};
  }

  Vector<T> constants_;
  std::vector<MahalanobisKernel<T>> norms_;
};

}  // namespace gmmx
