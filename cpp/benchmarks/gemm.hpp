// The rate of a matrix product, that of the kernels is held against.
#pragma once

namespace gmmx::benchmarks {

// Floating-point operations a second of the best product of two 1024 x 1024 matrices that was found, on so many
// threads, measured now.
template <class T>
double gemm_rate(int n_threads);

void register_gemm(int n_threads);

}  // namespace gmmx::benchmarks
