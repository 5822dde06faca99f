/// \file
/// Random rows from a mixture.
#pragma once

#include <cstdint>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Draws out.rows() rows, in the order of their components, and their components. The same seed gives the same rows on
/// any number of threads and, up to rounding, on any machine. A row costs d^2 operations with full and tied
/// covariances, d with the others. Safe to call from several threads at once. \param out n x mixture.n_features(),
/// output \param labels n, output: components from 0 \throws InvalidArgument if shapes disagree
GMMX_EXPORT void sample(const Mixture& mixture, std::uint64_t seed, MatrixView<double> out,
                        VectorView<std::int64_t> labels, int n_threads = 1);

}  // namespace gmmx
