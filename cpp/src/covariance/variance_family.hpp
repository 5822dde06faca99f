// Covariances that are plain variances: one a feature and component, or one a component.
#pragma once

#include <cmath>

#include "covariance/axes.hpp"
#include "covariance/parsimonious.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

class VarianceFamily : public ParsimoniousModel {
 public:
  using ParsimoniousModel::ParsimoniousModel;

  // Reciprocal standard deviations.
  std::vector<double> factorize(const std::vector<double>& variances, Index k_count, Index, int) const override {
    std::vector<double> factors(variances.size());
    for (std::size_t i = 0; i < variances.size(); ++i) {
      factors[i] = 1.0 / std::sqrt(variances[i]);  // (52)
      if (variances[i] >= least_variance && std::isfinite(factors[i])) continue;
      throw_collapsed(static_cast<Index>(i / (variances.size() / static_cast<std::size_t>(k_count))));
    }
    return factors;
  }

  std::vector<double> covariances_of_factors(const std::vector<double>& factors, Index, Index) const override {
    std::vector<double> variances;
    for (const double factor : factors) {
      if (!(factor > 0)) {
        throw InvalidArgument(
            "precisions_cholesky has an element that is not positive; give reciprocal standard deviations");
      }
      variances.push_back(1.0 / (factor * factor));
    }
    return variances;
  }

  // The features are the axes.
  Decomposition decompose(const Mixture& mixture) const override {
    const Index d = mixture.n_features();
    Axes axes{RowVector<double>(d), Matrix<double>::Identity(d, d)};
    Decomposition result;
    for (Index k = 0; k < mixture.n_components(); ++k) {
      for (Index j = 0; j < d; ++j) axes.variances(j) = mixture.covariances()[place(mixture, k, j)];
      append(axes, result);
    }
    return result;
  }

  void colour(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    for (Index j = 0; j < z.cols(); ++j) z.col(j) /= mixture.precisions_cholesky()[place(mixture, k, j)];
  }
  void whiten(const Mixture& mixture, Index k, Eigen::Ref<Matrix<double>> z) const override {
    for (Index j = 0; j < z.cols(); ++j) z.col(j) *= mixture.precisions_cholesky()[place(mixture, k, j)];
  }

 protected:
  ~VarianceFamily() = default;

 private:
  // Of the number that stands for a feature of a component.
  static std::size_t place(const Mixture& mixture, Index k, Index feature) {
    const Index of_component = static_cast<Index>(mixture.covariances().size()) / mixture.n_components();
    return static_cast<std::size_t>(k * of_component + feature % of_component);
  }
};

}  // namespace gmmx
