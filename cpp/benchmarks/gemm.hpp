// The rate of a matrix product, that of the kernels is held against.
#pragma once

namespace gmmx::benchmarks {

// Floating-point operations per second of the fastest available product of two 1024 x 1024 matrices on this many
// threads, measured now.
template <class T>
double gemm_rate(int n_threads);

void register_gemm(int n_threads);

}  // namespace gmmx::benchmarks
