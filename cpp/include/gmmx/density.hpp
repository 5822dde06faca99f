/// \file
/// Evaluation of mixtures. T is float or double and sets the precision of the arithmetic.
///
/// All functions take n rows with d = mixture.n_features() columns and write to memory of the caller, with any strides.
/// Weights count only in log_likelihood(), terms everywhere but in component_log_densities().
/// A row costs K d^2 operations with full covariances, K d with the others, plus d^2 for all components with tied ones.
/// Preparing the mixture costs about as much as d rows. Memory of size n is never allocated. The functions may be
/// called from several threads at once; the results do not depend on n_threads (1 or more). Float rows whose densities
/// exceed the range of float are computed in double. \throws InvalidArgument if shapes disagree \throws RowOutOfRange,
/// after computing all other rows, if a row is not finite, or so far from all components that the logarithm of every
/// density overflows
#pragma once

#include <cstdint>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/rows.hpp"

namespace gmmx {

/// Writes the natural logarithms log N(x_n | mu_k, Sigma_k), without the weights, to out (n x K). The result is minus
/// infinity if T cannot represent it, and NaN for rows that are not finite. Does not throw RowOutOfRange.
template <class T>
GMMX_EXPORT void component_log_densities(const Rows<T>& rows, const Mixture& mixture, MatrixView<T> out,
                                         int n_threads = 1);

/// Writes log p(x_n) to out (n). \throws RowOutOfRange also if T cannot represent it
template <class T>
GMMX_EXPORT void score_samples(const Rows<T>& rows, const Mixture& mixture, VectorView<T> out, int n_threads = 1);

/// Writes the posterior probabilities of the components given x_n to out (n x K). Rows sum to one.
template <class T>
GMMX_EXPORT void responsibilities(const Rows<T>& rows, const Mixture& mixture, MatrixView<T> out, int n_threads = 1);

/// Writes the component with the largest posterior probability, from 0, to out (n). Ties select the first.
template <class T>
GMMX_EXPORT void predict(const Rows<T>& rows, const Mixture& mixture, VectorView<std::int64_t> out, int n_threads = 1);

/// Returns sum_n w_n log p(x_n). Rows with weight zero are ignored. \throws InvalidArgument if a weight is
/// negative or not finite
template <class T>
GMMX_EXPORT double log_likelihood(const Rows<T>& rows, const Mixture& mixture, int n_threads = 1);

/// Does predict() and returns log_likelihood(), in one pass over the rows. Those of weight zero get a label, too.
/// \throws InvalidArgument if a weight is negative or not finite, or the rows have terms
template <class T>
GMMX_EXPORT double predict_with_log_likelihood(const Rows<T>& rows, const Mixture& mixture,
                                               VectorView<std::int64_t> out, int n_threads = 1);

}  // namespace gmmx
