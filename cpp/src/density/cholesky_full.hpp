// Densities through a triangular factor a component: y = U_k^T (x - mu_k), |y|^2 is the Mahalanobis distance.
// The mean is subtracted first, from rows as they were given, so nothing cancels however far the data lie from zero or
// from one another and however narrow a component is.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "density/log_density.hpp"
#include "kernels/mahalanobis.hpp"

namespace gmmx {

// U_k, which all components may have in common.
inline ConstMatrixMap matrix_factor(const Mixture& mixture, Index k) {
  const Index d = mixture.n_features();
  const bool is_shared = static_cast<Index>(mixture.precisions_cholesky().size()) == d * d;
  return {mixture.precisions_cholesky().data() + (is_shared ? 0 : k * d * d), d, d};
}

// log_constants() of these.
inline Vector<double> constants_of_matrices(const Mixture& mixture, Weighting weighting) {
  Vector<double> log_dets(mixture.n_components());
  for (Index k = 0; k < log_dets.size(); ++k) log_dets(k) = matrix_factor(mixture, k).diagonal().array().log().sum();
  return log_constants(mixture, weighting, std::move(log_dets));
}

template <class T>
class FullCholeskyLogDensity final : public LogDensity<T> {
 public:
  FullCholeskyLogDensity(const Mixture& mixture, Weighting weighting)
      : constants_(constants_of_matrices(mixture, weighting).template cast<T>()) {
    const SplitMeans<T> means(mixture);
    std::shared_ptr<const PackedUpper<T>> packed;
    norms_.reserve(mixture.weights().size());
    for (Index k = 0; k < mixture.n_components(); ++k) {
      const ConstMatrixMap factor = matrix_factor(mixture, k);
      if (k == 0 || factor.data() != matrix_factor(mixture, 0).data())
        packed = std::make_shared<const PackedUpper<T>>(factor.template cast<T>());
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

 private:
  Vector<T> constants_;
  std::vector<MahalanobisKernel<T>> norms_;
};

}  // namespace gmmx
