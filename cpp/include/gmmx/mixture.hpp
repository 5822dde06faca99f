/// \file
/// The model: p(x) = sum_k weights_k N(x | means_k, covariances_k).
#pragma once

#include <cstdint>
#include <vector>

#include "gmmx/covariance_type.hpp"
#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// A Gaussian mixture as an immutable value. Every instance is valid, except a moved-from one, which may only be
/// assigned to or destroyed.
///
/// Arrays are in C order. `precisions_cholesky` is the upper triangular U with covariance^-1 = U U^T, or reciprocal
/// standard deviations for models that store variances, such as diag and spherical. Reading from several threads at
/// once is safe.
class GMMX_EXPORT Mixture {
 public:
  /// Checks sizes, finite values, that weights are nonnegative and sum to one (within 1e-6), that covariances are
  /// positive definite and that factors are triangular with a positive diagonal.
  ///
  /// If both covariances and factors are given, they are not compared, and densities use the factors.
  ///
  /// \param weights             K mixing weights
  /// \param means               K x n_features
  /// \param covariances         by type, see covariance_shape(); empty: computed from the factors
  /// \param precisions_cholesky by type; empty: computed from the covariances. Only one of the two may be empty.
  /// \throws InvalidArgument, CollapsedComponent
  Mixture(CovarianceSpec spec, Index n_features, std::vector<double> weights, std::vector<double> means,
          std::vector<double> covariances, std::vector<double> precisions_cholesky = {});

  /// Parameters that the library knows to be valid: it alone can make them.
  struct Checked;
  explicit Mixture(Checked&& parameters);

  CovarianceSpec covariance_spec() const { return spec_; }
  CovarianceType covariance_type() const { return spec_.type; }
  Index n_components() const { return static_cast<Index>(weights_.size()); }
  Index n_features() const { return n_features_; }
  const std::vector<double>& weights() const { return weights_; }
  const std::vector<double>& means() const { return means_; }
  const std::vector<double>& covariances() const { return covariances_; }
  const std::vector<double>& precisions_cholesky() const { return precisions_cholesky_; }

  /// A 64-bit digest of the parameters, never 0, which identifies the mixture of statistics.
  std::uint64_t fingerprint() const;

 private:
  CovarianceSpec spec_;
  Index n_features_;
  std::vector<double> weights_;
  std::vector<double> means_;
  std::vector<double> covariances_;
  std::vector<double> precisions_cholesky_;
};

}  // namespace gmmx
