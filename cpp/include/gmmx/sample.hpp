/// \file
/// Random rows from a mixture.
#pragma once

#include <cstdint>

#include "gmmx/export.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Draws out.rows() rows (grouped by component, in order of the components) and their components.
/// The same seed gives the same rows on any number of threads.
GMMX_EXPORT void sample(const Mixture& mixture, std::uint64_t seed, MatrixView<double> out,
                        VectorView<std::int64_t> labels, int n_threads = 1);

}  // namespace gmmx
