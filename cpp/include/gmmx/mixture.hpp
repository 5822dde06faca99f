/// \file
/// The model: p(x) = sum_k weights_k N(x | means_k, covariances_k).
#pragma once

#include <cstdint>
#include <vector>

#include "gmmx/covariance_type.hpp"
#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// A Gaussian mixture as an immutable value; every instance is valid, but one that was moved from: that may only be
/// assigned to or destroyed.
///
/// Arrays are in C order. `precisions_cholesky` holds the upper triangular U with
/// covariance^-1 = U U^T (where variances are kept, as for diag and spherical: reciprocal standard deviations).
/// Reading from several threads at once is safe.
class GMMX_EXPORT Mixture {
 public:
  /// Checks everything: sizes, finite values, weights that are non-negative and sum to one (to 1e-6),
  /// positive definite covariances, triangular factors with a positive diagonal.
  ///
  /// Where both covariances and factors are given they are taken as they are, and densities are those of the factors.
  ///
  /// \param weights             K mixing proportions
  /// \param means               K x n_features
  /// \param covariances         by type, see covariance_shape(); empty: computed from the factors
  /// \param precisions_cholesky by type; empty: computed from the covariances. Not both may be empty.
  /// \throws InvalidArgument, CollapsedComponent
  Mixture(CovarianceType type, Index n_features, std::vector<double> weights, std::vector<double> means,
          std::vector<double> covariances, std::vector<double> precisions_cholesky = {});

  CovarianceType covariance_type() const { return type_; }
  Index n_components() const { return static_cast<Index>(weights_.size()); }
  Index n_features() const { return n_features_; }
  const std::vector<double>& weights() const { return weights_; }
  const std::vector<double>& means() const { return means_; }
  const std::vector<double>& covariances() const { return covariances_; }
  const std::vector<double>& precisions_cholesky() const { return precisions_cholesky_; }

  /// A 64-bit digest of the parameters, never 0: statistics of different mixtures are told apart by it.
  std::uint64_t fingerprint() const;

 private:
  friend Mixture batch(const std::vector<const Mixture*>& mixtures);
  Mixture() = default;  // to be filled with what was checked before

  CovarianceType type_{};
  Index n_features_ = 0;
  std::vector<double> weights_;
  std::vector<double> means_;
  std::vector<double> covariances_;
  std::vector<double> precisions_cholesky_;
};

}  // namespace gmmx
