// The E-step, the M-step and the densities over the shapes of bench/problems.py.
#pragma once

namespace gmmx::benchmarks {

void register_kernels(int n_threads);

}  // namespace gmmx::benchmarks
