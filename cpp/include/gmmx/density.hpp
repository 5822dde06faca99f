/// \file
/// A mixture evaluated at rows. T is float or double and sets the precision of the arithmetic.
///
/// All functions here take n rows of mixture.n_features() columns, d, and write into memory of the caller, C order or
/// any other strides. A row costs K d^2 operations with full covariances, K d with the others, and d^2 once with tied
/// ones; before the first row the mixture is prepared at about the cost of d rows. Nothing of size n is allocated. They
/// may be called from several threads at once; the results do not depend on n_threads (1 or more). Float rows whose
/// densities leave the range of float are computed in double. \throws InvalidArgument where shapes disagree \throws
/// RowOutOfRange, after all rows that have one received their result, where a row is not finite, or so far from all
/// components that every density is zero even in logarithms
#pragma once

#include <cstdint>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// log N(x_n | mu_k, Sigma_k) of each component without its weight, natural logarithms, into out (n x K). Minus
/// infinity where T cannot hold it, and NaN in rows that are not finite: RowOutOfRange is not thrown.
template <class T>
GMMX_EXPORT void component_log_densities(MatrixView<const T> rows, const Mixture& mixture, MatrixView<T> out,
                                         int n_threads = 1);

/// log p(x_n) into out (n). \throws RowOutOfRange where T cannot hold it, too
template <class T>
GMMX_EXPORT void score_samples(MatrixView<const T> rows, const Mixture& mixture, VectorView<T> out, int n_threads = 1);

/// Posterior probability of component k given x_n into out (n x K); rows sum to one.
template <class T>
GMMX_EXPORT void responsibilities(MatrixView<const T> rows, const Mixture& mixture, MatrixView<T> out,
                                  int n_threads = 1);

/// The component of the largest posterior probability, from 0, into out (n); the first of equal ones.
template <class T>
GMMX_EXPORT void predict(MatrixView<const T> rows, const Mixture& mixture, VectorView<std::int64_t> out,
                         int n_threads = 1);

/// sum_n w_n log p(x_n); rows of weight zero may be anything. \param sample_weight absent, or n non-negative finite
/// weights
template <class T>
GMMX_EXPORT double log_likelihood(MatrixView<const T> rows, const Mixture& mixture,
                                  VectorView<const double> sample_weight = {}, int n_threads = 1);

}  // namespace gmmx
