// Kernels against a GEMM of the same run; threads: OMP_NUM_THREADS, else the physical cores granted.
#include <benchmark/benchmark.h>

#include <string>

#include "gemm.hpp"
#include "gmmx/gmmx.hpp"
#include "kernels.hpp"
#include "scorer.hpp"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const int n_threads = gmmx::thread_count();
  benchmark::AddCustomContext("gmmx", GMMX_VERSION);
  benchmark::AddCustomContext("threads", std::to_string(n_threads));
  gmmx::benchmarks::register_gemm(n_threads);
  gmmx::benchmarks::register_kernels(n_threads);
  gmmx::benchmarks::register_scorer();
  benchmark::RunSpecifiedBenchmarks();
}
