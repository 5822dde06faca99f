/// \file
/// Sufficient statistics: the E-step computes them from rows, they add up, and the M-step needs only their sum.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gmmx/covariance_type.hpp"
#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/rows.hpp"

namespace gmmx {

/// Forms of the second moments sum_n r_nk (x_n - s_k)(x_n - s_k)^T. A covariance model names the smallest that it
/// needs.
enum class SecondMoments : std::uint8_t {
  full,      ///< (K, d, d), symmetric
  pooled,    ///< (d, d), symmetric: summed over the components
  diagonal,  ///< (K, d)
  trace      ///< (K): summed over the features
};

GMMX_EXPORT std::string to_string(SecondMoments form);

/// The shape of second moments in a form, in C order.
GMMX_EXPORT std::vector<Index> second_moment_shape(SecondMoments form, Index n_components, Index n_features);

/// The form that the M-step of a covariance model needs.
GMMX_EXPORT SecondMoments second_moment_form(CovarianceType type);

/// Summary of rows for an M-step, where r_nk includes the sample weight:
///
///     counts_k         N_k   = sum_n r_nk
///     first_moments_k        = sum_n r_nk (x_n - shifts_k)
///     second_moments_k       = sum_n r_nk (x_n - shifts_k)(x_n - shifts_k)^T   (in the given form)
///     log_likelihood         = sum_n w_n log p(x_n)
///
/// Moments are taken about a shift near the data, because those about the origin would suffer from cancellation.
struct GMMX_EXPORT SufficientStatistics {
  /// All sums zero. \param shifts K x n_features, C order
  SufficientStatistics(SecondMoments form, Index n_components, Index n_features, std::vector<double> shifts,
                       std::uint64_t mixture_fingerprint = 0);

  SecondMoments form;
  Index n_components;
  Index n_features;
  std::vector<double> shifts;          ///< K x n_features, C order
  std::vector<double> counts;          ///< K
  std::vector<double> first_moments;   ///< K x n_features
  std::vector<double> second_moments;  ///< in the shape of the form
  double log_likelihood = 0.0;         ///< natural logarithm
  double total_weight = 0.0;           ///< of all rows; their number if there are no weights
  std::int64_t n_samples = 0;          ///< number of rows with positive weight
  /// Mixture::fingerprint() of the mixture of the E-step; 0 for a given assignment.
  std::uint64_t mixture_fingerprint;

  /// Adds the sums of other rows. The parallel-axis formula converts moments about other shifts.
  /// \throws InvalidArgument if shapes, forms or mixtures differ, or n_samples would overflow
  SufficientStatistics& operator+=(const SufficientStatistics& other);

  /// Converts the moments to other shifts (K x d). \throws InvalidArgument if sizes disagree
  void move_to(const std::vector<double>& new_shifts);

  /// Scales all sums to another total weight; n_samples does not change.
  /// \throws InvalidArgument if either weight is not positive and finite
  void rescale(double new_total_weight);

  /// Raises counts below least_share * total_weight to this value. Separate moments of a component are scaled alike, so
  /// its mean and covariance do not change. Components with weight zero do not change.
  /// \throws InvalidArgument if the share is not between 0 and 1
  void raise_counts(double least_share);

  /// Components whose weight is at most a rounding error: N_k <= eps * total_weight.
  std::vector<Index> empty_components() const;

  /// Serialises to a self-contained, versioned, little-endian format with packed symmetric matrices.
  /// \throws InvalidArgument if sizes disagree
  std::string to_bytes() const;
  /// \throws InvalidArgument if the bytes were not written by to_bytes(), or cannot be sums of finite rows: numbers
  /// that are not finite (log_likelihood may be minus infinity), a negative count, weight or number of rows
  static SufficientStatistics from_bytes(const std::string& bytes);
};

GMMX_EXPORT SufficientStatistics operator+(SufficientStatistics left, const SufficientStatistics& right);

/// Returns (1 - share) * earlier + share * later, for a share in [0, 1], about the shifts of `later`. The mixtures of
/// both may differ: this is a step of stepwise EM, which gradually forgets statistics of earlier mixtures. The result
/// has no mixture; its n_samples is the sum. \throws InvalidArgument if shapes or forms differ
GMMX_EXPORT SufficientStatistics blend(SufficientStatistics earlier, const SufficientStatistics& later, double share);

/// Returns the expected statistics of rows drawn from the mixture, with total weight 1: N_k = weights_k, S_k =
/// weights_k covariances_k about the means. n_samples and log_likelihood are 0. O(K d^2)
GMMX_EXPORT SufficientStatistics expected_statistics(const Mixture& mixture);

/// Statistics of an assignment by labels: row n belongs to component labels[n], or to none if it is -1. Shifts are the
/// means of the components. T is float or double. Makes two passes over the n x d rows, at most 2 n K d^2 operations;
/// rows are not checked for finite values. Safe to call from several threads at once. \throws InvalidArgument if sizes
/// disagree or a label is out of range
template <class T>
GMMX_EXPORT SufficientStatistics statistics_from_labels(const Rows<T>& rows, VectorView<const std::int32_t> labels,
                                                        Index n_components, SecondMoments form, int n_threads);

/// Statistics of given responsibilities (n x K, nonnegative). Makes two passes, for means and for moments about them,
/// at most 2 n K d^2 operations; rows are not checked. Safe to call from several threads at once. \throws
/// InvalidArgument if sizes disagree or a responsibility is negative or not finite
template <class T>
GMMX_EXPORT SufficientStatistics statistics_from_responsibilities(const Rows<T>& rows,
                                                                  MatrixView<const T> responsibilities,
                                                                  SecondMoments form, int n_threads);

}  // namespace gmmx
