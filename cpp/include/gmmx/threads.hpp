/// \file
/// How many threads to use.
#pragma once

#include <optional>

#include "gmmx/export.hpp"

namespace gmmx {

/// Threads for a request in joblib's sense: none: OMP_NUM_THREADS, else the physical cores granted to this process
/// by affinity and cgroup; n > 0: n; n < 0: the processors granted + 1 + n, at least one.
/// One in a process forked after a parallel region ran, where OpenMP would hang.
/// \throws InvalidArgument for 0
GMMX_EXPORT int thread_count(std::optional<int> n_jobs = std::nullopt);

}  // namespace gmmx
