/// \file
/// A mixture evaluated at rows. T is float or double and sets the precision of the arithmetic.
#pragma once

#include <cstdint>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// log N(x_n | mu_k, Sigma_k) into out (n x K).
template <class T>
GMMX_EXPORT void log_prob(MatrixView<const T> rows, const Mixture& mixture, MatrixView<T> out, int n_threads = 1);

/// log p(x_n) into out (n).
template <class T>
GMMX_EXPORT void score_samples(MatrixView<const T> rows, const Mixture& mixture, VectorView<T> out, int n_threads = 1);

/// Posterior probability of component k given x_n into out (n x K); rows sum to one.
template <class T>
GMMX_EXPORT void responsibilities(MatrixView<const T> rows, const Mixture& mixture, MatrixView<T> out,
                                  int n_threads = 1);

/// The component of the largest posterior probability into out (n).
template <class T>
GMMX_EXPORT void predict(MatrixView<const T> rows, const Mixture& mixture, VectorView<std::int64_t> out,
                         int n_threads = 1);

/// sum_n w_n log p(x_n).
template <class T>
GMMX_EXPORT double log_likelihood(MatrixView<const T> rows, const Mixture& mixture,
                                  VectorView<const double> sample_weight = {}, int n_threads = 1);

}  // namespace gmmx
