// Densities through a triangular factor a component: y = U_k^T (x - mu_k), |y|^2 is the Mahalanobis distance.
// The mean is subtracted first, so nothing cancels however far the data lie from zero or how narrow a component is.
#pragma once

#include <vector>

#include "density/log_density.hpp"
#include "products.hpp"

namespace gmmx {

// Sum of squares of the rows of D U, for upper triangular U.
template <class T, class Differences, class Scratch, class Out>
void squared_norms_times_upper(const Differences& d, const Matrix<T>& u, Scratch&& y, Out&& out) {
  constexpr Index small = 12;  // below, a matrix product costs more to set up than its arithmetic
  if (u.cols() <= small) {
    out.setZero();
    auto column = y.col(0).array();
    for (Index j = 0; j < u.cols(); ++j) {
      column = d.col(0).array() * u(0, j);
      for (Index i = 1; i <= j; ++i) column += d.col(i).array() * u(i, j);
      out += column.square();
    }
  } else {
    multiply_upper<T>(d, u, y);
    out = y.col(0).array().square();
    for (Index j = 1; j < u.cols(); ++j) out += y.col(j).array().square();
  }
}

template <class T>
class TriangularLogDensity final : public LogDensity<T> {
 public:
  TriangularLogDensity(const Mixture& mixture, Weighting weighting)
      : components_(mixture, weighting, log_determinants(mixture)) {
    const Index d = mixture.n_features();
    for (Index k = 0; k < mixture.n_components(); ++k) {
      factors_.push_back(ConstMatrixMap(mixture.precisions_cholesky().data() + k * d * d, d, d).template cast<T>());
    }
  }

  const char* name() const override { return "triangular"; }

  void weighted_log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    auto differences = block.differences();
    for (Index k = 0; k < components_.n_components(); ++k) {
      differences = block.rows().rowwise() - components_.means.row(k);
      auto column = out.col(k);
      squared_norms_times_upper(differences, factors_[static_cast<std::size_t>(k)], block.whitened(), column);
      column = components_.constants(k) - T(0.5) * column;  // (1), (6), (53)
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
  std::vector<Matrix<T>> factors_;
};

}  // namespace gmmx
