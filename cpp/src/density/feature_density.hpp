// Densities linear in features: a block's log-densities are one matrix product, phi(X) W.
//
// It is half the arithmetic of the triangular form, and all of it at the speed of a matrix product. The price is
// rounding: phi(x)^T w_k is a difference of terms as large as x^T P_k x, so that its error is about
//
//     (67)  eps |x - origin|^2 lambda_max(P_k),        P_k = Sigma_k^-1,
//
// and the second moments about the origin lose the same share of Sigma_k. Both were measured to hold within a factor
// of 2. So this form is used for the blocks of which this number is below `feature_tolerance`, another form for the
// rest.
#pragma once

#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include "density/log_density.hpp"
#include "products.hpp"

namespace gmmx {

template <class T>
constexpr double feature_tolerance = std::is_same_v<T, double> ? 1e-11 : 1e-4;

// How far, squared, rows may lie from the origin. largest_precision bounds lambda_max of every P_k.
template <class T>
double squared_reach_for(double largest_precision) {
  return feature_tolerance<T> / (static_cast<double>(std::numeric_limits<T>::epsilon()) * largest_precision);
}

// A bound of the largest eigenvalue of a symmetric matrix: its largest absolute row sum.
template <class Derived>
double eigenvalue_bound(const Eigen::MatrixBase<Derived>& symmetric) {
  return symmetric.cwiseAbs().rowwise().sum().maxCoeff();
}

template <class T>
class FeatureLogDensity final : public LogDensity<T> {
 public:
  // coefficients: p x K. common_factor: U of a quadratic term that all components share, or empty.
  FeatureLogDensity(SecondMomentForm form, const Matrix<double>& coefficients, double largest_precision,
                    std::unique_ptr<LogDensity<T>> exact, const Matrix<double>& common_factor = {})
      : form_(form),
        coefficients_(coefficients.cast<T>()),
        common_factor_(common_factor.cast<T>()),
        squared_reach_(squared_reach_for<T>(largest_precision)),
        exact_(std::move(exact)) {}

  const char* name() const override { return "features"; }
  double squared_reach() const override { return squared_reach_; }

  void weighted_log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    if (!(block.squared_radius() < squared_reach_)) {
      exact_->weighted_log_prob(block, out);
      return;
    }
    multiply<T>(block.features(form_), coefficients_, as_matrix<T>(out));
    if (common_factor_.size() == 0) return;
    auto z = block.whitened();
    multiply_upper<T>(block.rows(), common_factor_, z);
    auto common = block.differences().col(0).array();
    common = z.col(0).array().square();
    for (Index j = 1; j < z.cols(); ++j) common += z.col(j).array().square();
    for (Index k = 0; k < out.cols(); ++k) out.col(k) -= T(0.5) * common;
  }

 private:
  SecondMomentForm form_;
  Matrix<T> coefficients_;
  Matrix<T> common_factor_;
  double squared_reach_;
  std::unique_ptr<LogDensity<T>> exact_;
};

}  // namespace gmmx
