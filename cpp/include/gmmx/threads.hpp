/// \file
/// Number of threads.
#pragma once

#include <optional>

#include "gmmx/export.hpp"

namespace gmmx {

/// Number of threads for a request with joblib's conventions. None: OMP_NUM_THREADS, or else the physical cores
/// available to this process by affinity and cgroup. n > 0: n. n < 0: available processors + 1 + n, at least one.
/// Always one in a process forked after a parallel region ran, where OpenMP would hang.
/// \throws InvalidArgument for 0
GMMX_EXPORT int thread_count(std::optional<int> n_jobs = std::nullopt);

}  // namespace gmmx
