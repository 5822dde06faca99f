// Densities of components whose covariances one transform makes diagonal: z = T^T x once, then scales a component.
#pragma once

#include <memory>
#include <utility>

#include "density/cholesky_full.hpp"
#include "density/common_coordinates.hpp"
#include "density/feature_tolerance.hpp"
#include "density/largest_eigenvalue.hpp"
#include "density/log_density.hpp"
#include "gemm.hpp"

namespace gmmx {

template <class T>
class DiagonalisedLogDensity final : public LogDensity<T> {
 public:
  // transform: T, d x d. scales (K x d): Sigma_k^-1 = T diag(scales_k)^2 T^T. The mixture must live as long.
  DiagonalisedLogDensity(const Mixture& mixture, Weighting weighting, const Matrix<double>& transform,
                         const Matrix<double>& scales)
      : constants_(
            log_constants(mixture, weighting, FullCholeskyLogDensity<T>::log_determinants(mixture)).template cast<T>()),
        coordinates_(transform, scales.colwise().maxCoeff()),
        transform_(transform.cast<T>()),
        scales_(scales.cast<T>()),
        safe_([&mixture, weighting] { return std::make_unique<FullCholeskyLogDensity<T>>(mixture, weighting); }) {
    const Matrix<double> centred = centred_means<T>(mixture);
    transformed_means_ = centred.lazyProduct(transform).template cast<T>();
    // lambda_max(Sigma_k^-1) is at most that of T T^T times the largest squared scale.
    const double of_transform = largest_eigenvalue(Matrix<double>(transform.lazyProduct(transform.transpose())));
    const double largest_scale = scales.maxCoeff();
    squared_reach_ = squared_reach_for<T>(of_transform * largest_scale * largest_scale, mixture.n_features());
  }

  const char* name() const override { return "diagonalised"; }
  const char* name_for(Block<T>& block) const override {
    return coordinates_.serve(block) ? name() : (*safe_).name_for(block);
  }
  double squared_reach() const override { return squared_reach_; }

  void log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    if (!coordinates_.serve(block)) {
      (*safe_).log_prob(block, out);
      return;
    }
    auto z = block.whitened();
    multiply<T>(block.about_origin().rows(), transform_, z);
    for (Index k = 0; k < constants_.size(); ++k) {
      auto column = out.col(k);
      column = scaled(z, k, 0).square();
      for (Index j = 1; j < z.cols(); ++j) column += scaled(z, k, j).square();
      column = constants_(k) - T(0.5) * column;  // (1), (6), (53)
    }
  }

 private:
  template <class Transformed>
  auto scaled(const Transformed& z, Index k, Index j) const {
    return (z.col(j).array() - transformed_means_(k, j)) * scales_(k, j);
  }

  Vector<T> constants_;
  CommonCoordinates<T> coordinates_;
  Matrix<T> transform_;
  Matrix<T> scales_;
  Matrix<T> transformed_means_;
  double squared_reach_;
  LazyLogDensity<T> safe_;
};

}  // namespace gmmx
