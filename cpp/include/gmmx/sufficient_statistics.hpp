/// \file
/// The seam of the library: rows are reduced to this value, values add, the M-step consumes their sum.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gmmx/covariance_type.hpp"
#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/rows.hpp"

namespace gmmx {

/// Which part of sum_n r_nk (x_n - s_k)(x_n - s_k)^T is kept. A covariance model names the least that it needs.
enum class SecondMoments : std::uint8_t {
  full,      ///< (K, d, d), symmetric
  pooled,    ///< (d, d), symmetric: summed over the components
  diagonal,  ///< (K, d)
  trace      ///< (K): summed over the features
};

GMMX_EXPORT std::string to_string(SecondMoments form);

/// The shape of second moments in this form, in C order.
GMMX_EXPORT std::vector<Index> second_moment_shape(SecondMoments form, Index n_components, Index n_features);

/// The form that the M-step of a covariance model needs.
GMMX_EXPORT SecondMoments second_moment_form(CovarianceType type);

/// Everything that an M-step needs to know of the rows, with r_nk already times the sample weight:
///
///     counts_k         N_k   = sum_n r_nk
///     first_moments_k        = sum_n r_nk (x_n - shifts_k)
///     second_moments_k       = sum_n r_nk (x_n - shifts_k)(x_n - shifts_k)^T   (in the given form)
///     log_likelihood         = sum_n w_n log p(x_n)
///
/// Moments are taken about a shift near the data, never about the origin: there they would cancel.
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
  std::vector<double> second_moments;  ///< as the form says
  double log_likelihood = 0.0;         ///< natural logarithm
  double total_weight = 0.0;           ///< of all rows; without weights their number
  std::int64_t n_samples = 0;          ///< rows of positive weight
  /// Mixture::fingerprint() of the E-step's mixture; 0 where a given partition stands in its place.
  std::uint64_t mixture_fingerprint;

  /// Adds the sums of other rows. Moments about other shifts are moved over by the parallel-axis formula.
  /// \throws InvalidArgument where shapes, forms or mixtures differ, or n_samples would overflow
  SufficientStatistics& operator+=(const SufficientStatistics& other);

  /// Moves the moments to other shifts (K x d). \throws InvalidArgument where sizes disagree
  void move_to(const std::vector<double>& new_shifts);

  /// Scales all sums as if the weights of the rows had another sum; n_samples stays.
  /// \throws InvalidArgument where either weight is not positive and finite
  void rescale(double new_total_weight);

  /// Raises counts below least_share * total_weight to it; where moments are kept by component they grow alike, so that
  /// its mean and covariance stay. Components that hold nothing at all are left alone.
  /// \throws InvalidArgument where the share does not lie between 0 and 1
  void raise_counts(double least_share);

  /// Components that hold no more than a rounding error of the weight: N_k <= eps * total_weight.
  std::vector<Index> empty_components() const;

  /// A self-contained, versioned, little-endian form; symmetric matrices are packed. \throws InvalidArgument where
  /// sizes disagree
  std::string to_bytes() const;
  /// \throws InvalidArgument where the bytes are not what to_bytes() writes, or hold what no finite rows sum to:
  /// numbers that are not finite (log_likelihood may be minus infinity), a negative count, weight or number of rows
  static SufficientStatistics from_bytes(const std::string& bytes);
};

GMMX_EXPORT SufficientStatistics operator+(SufficientStatistics left, const SufficientStatistics& right);

/// (1 - share) * earlier + share * later, for a share in [0, 1], about the shifts of `later`. Each may come from a
/// mixture of its own: this is a step of online EM, which forgets by and by what earlier mixtures made of their rows.
/// The result belongs to no mixture; its n_samples is that of both. \throws InvalidArgument where shapes or forms
/// differ
GMMX_EXPORT SufficientStatistics blend(SufficientStatistics earlier, const SufficientStatistics& later, double share);

/// What rows of total weight 1 sum to on average if they are drawn from the mixture: N_k = weights_k, S_k = weights_k
/// covariances_k about the means. n_samples and log_likelihood are 0. O(K d^2)
GMMX_EXPORT SufficientStatistics expected_statistics(const Mixture& mixture);

/// Statistics of a given partition: row n belongs to component labels[n]; -1: to none.
/// Shifts are the components' own means. T is float or double. Two passes over the n x d rows, 2 n K d^2 operations at
/// most; rows are not checked for numbers that are not finite. Safe to call from several threads at once.
/// \throws InvalidArgument where sizes disagree or a label is out of range
template <class T>
GMMX_EXPORT SufficientStatistics statistics_from_labels(const Rows<T>& rows, VectorView<const std::int32_t> labels,
                                                        Index n_components, SecondMoments form, int n_threads);

/// Statistics of given responsibilities (n x K, non-negative). Two passes: means first, then moments about them,
/// 2 n K d^2 operations at most; rows are not checked. Safe to call from several threads at once.
/// \throws InvalidArgument where sizes disagree or a responsibility is negative or not finite
template <class T>
GMMX_EXPORT SufficientStatistics statistics_from_responsibilities(const Rows<T>& rows,
                                                                  MatrixView<const T> responsibilities,
                                                                  SecondMoments form, int n_threads);

}  // namespace gmmx
