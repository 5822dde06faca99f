/// \file
/// Random rows from a mixture.
#pragma once

#include <cstdint>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Draws out.rows() rows (grouped by component, in order of the components) and their components.
/// The same seed gives the same rows on any number of threads. Costs d^2 operations a row with full and tied
/// covariances, d with the others. Safe to call from several threads at once. \param out n x mixture.n_features(),
/// written \param labels n, written: components from 0 \throws InvalidArgument where shapes disagree
GMMX_EXPORT void sample(const Mixture& mixture, std::uint64_t seed, MatrixView<double> out,
                        VectorView<std::int64_t> labels, int n_threads = 1);

}  // namespace gmmx
