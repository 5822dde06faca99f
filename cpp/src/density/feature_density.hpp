// Densities linear in features: a block's log-densities are one matrix product, phi(X) W, or quadratic forms.
//
// No difference of a row and a mean is formed for each component, and all runs at the speed of a matrix product. The
// price is rounding: phi(x)^T w_k is a difference of terms as large as x^T P_k x, so that its error is about
//
//     (67)  eps |x - origin|^2 lambda_max(P_k),        P_k = Sigma_k^-1,
//
// and the second moments about the origin lose the same share of Sigma_k. Both were measured to hold within a factor
// of 2, for 2 to 200 features. So this form is used for the blocks of which this number is below `feature_tolerance`,
// another form for the rest.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "density/feature_tolerance.hpp"
#include "density/log_density.hpp"
#include "kernels/linear_forms.hpp"
#include "kernels/quadratic_forms.hpp"

namespace gmmx {

template <class T>
class FeatureLogDensity final : public LogDensity<T> {
 public:
  // coefficients: features x K. largest_precision: lambda_max over all P_k. make_safe: what serves the blocks beyond
  // reach; asked once at most, when the first comes. common_factor: U of a quadratic term that all components share, or
  // empty.
  FeatureLogDensity(SecondMoments form, Index n_features, const Matrix<double>& coefficients, double largest_precision,
                    std::function<std::unique_ptr<LogDensity<T>>()> make_safe, const Matrix<double>& common_factor = {})
      : form_(form),
        common_factor_(in_groups(common_factor)),
        squared_reach_(can_hold(coefficients) ? squared_reach_for<T>(largest_precision, n_features) : 0.0),
        safe_(std::move(make_safe)) {
    if (form == SecondMoments::full) {
      quadratic_forms_.emplace(n_features, coefficients);
    } else {
      coefficients_ = coefficients.cast<T>();
    }
  }

  const char* name() const override { return "features"; }
  const char* name_for(Block<T>& block) const override { return reaches(block) ? name() : (*safe_).name_for(block); }
  double squared_reach() const override { return squared_reach_; }

  void log_prob(Block<T>& block, BlockOfColumns<T> out) const override {
    if (!reaches(block)) return (*safe_).log_prob(block, out);
    if (quadratic_forms_) {
      quadratic_forms_->evaluate(block.about_origin().panel(), out.data(), out.outerStride());
    } else {
      linear_forms(block, out);
    }
    if (common_factor_.size() > 0) subtract_common_term(block, out);
  }

 private:
  static constexpr Index group = 8;

  // Precisions of components narrower than 1e-19 are larger than all float32 numbers. The first row holds log pi_k,
  // which may be minus infinity.
  static bool can_hold(const Matrix<double>& coefficients) {
    const auto factors = coefficients.bottomRows(coefficients.rows() - 1).array().abs();
    return (factors < static_cast<double>(std::numeric_limits<T>::max())).all();
  }

  bool reaches(Block<T>& block) const { return block.squared_radius() < squared_reach_; }

  void linear_forms(Block<T>& block, BlockOfColumns<T> out) const {
    T* const first = out.data();
    const Index stride = out.outerStride();
    Eigen::Map<Array<T>, 0, Eigen::OuterStride<>>(first, block.padded_size(), out.cols(), Eigen::OuterStride<>(stride))
        .setZero();
    const Index k = coefficients_.cols();
    const Panel<T> plain = block.plain_monomials(form_);
    add_linear_forms(plain, coefficients_.data(), k, k, first, stride);
    add_linear_forms(block.products(form_), coefficients_.data() + plain.n_features * k, k, k, first, stride);
  }

  // Columns of U that are worked on together, below those before them: rows a power of two apart would share cache
  // sets.
  static RowMajorMatrix<T> in_groups(const Matrix<double>& factor) {
    const Index d = factor.cols();
    RowMajorMatrix<T> groups = RowMajorMatrix<T>::Zero((d + group - 1) / group * d, group);
    for (Index j = 0; j < d; j += group) {
      const Index width = std::min(group, d - j);
      groups.block(j / group * d, 0, d, width) = factor.middleCols(j, width).template cast<T>();
    }
    return groups;
  }

  // |U^T x|^2 / 2 of each row, for all components at once.
  void subtract_common_term(Block<T>& block, BlockOfColumns<T> out) const {
    auto z = block.whitened();
    const Index stride = z.outerStride();
    const Panel<T> rows = block.about_origin().panel();
    Eigen::Map<Matrix<T>>(z.data(), stride, z.cols()).setZero();
    for (Index j = 0; j < z.cols(); j += group) {
      const Index width = std::min(group, z.cols() - j);
      const Panel<T> needed{rows.values, rows.stride, rows.n_rows, j + width};  // U is upper triangular
      const T* const columns = common_factor_.data() + j * z.cols();
      add_linear_forms(needed, columns, group, width, z.data() + j * stride, stride);
    }
    auto common = block.differences().col(0).array();
    common = z.col(0).array().square();
    for (Index j = 1; j < z.cols(); ++j) common += z.col(j).array().square();
    for (Index k = 0; k < out.cols(); ++k) out.col(k) -= T(0.5) * common;
  }

  SecondMoments form_;
  std::optional<QuadraticForms<T>> quadratic_forms_;  // of the form `full`
  RowMajorMatrix<T> coefficients_;                    // features x K, of the other forms
  RowMajorMatrix<T> common_factor_;                   // U, in groups of columns
  double squared_reach_;
  LazyLogDensity<T> safe_;
};

}  // namespace gmmx
