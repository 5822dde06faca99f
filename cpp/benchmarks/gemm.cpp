#include "gemm.hpp"

#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#ifdef GMMX_BENCHMARK_CBLAS
#include <cblas.h>
#endif

namespace gmmx::benchmarks {
namespace {

constexpr int size = 1024;
constexpr double operations = 2.0 * size * size * size;

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

template <class T>
struct Product {
  Matrix<T> a = Matrix<T>::Random(size, size);
  Matrix<T> b = Matrix<T>::Random(size, size);
  Matrix<T> c = Matrix<T>::Zero(size, size);
};

// Eigen's product of one thread, on each thread a band of columns.
template <class T>
void multiply_with_eigen(Product<T>& p, int n_threads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < n_threads; ++t) {
    const int begin = size * t / n_threads;
    const int count = size * (t + 1) / n_threads - begin;
    threads.emplace_back(
        [&p, begin, count] { p.c.middleCols(begin, count).noalias() = p.a * p.b.middleCols(begin, count); });
  }
  for (auto& thread : threads) thread.join();
}

#ifdef GMMX_BENCHMARK_CBLAS
// Its threads are those of its own setting, such as OPENBLAS_NUM_THREADS.
void multiply_with_blas(Product<double>& p, int) {
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1.0, p.a.data(), size, p.b.data(), size, 0.0,
              p.c.data(), size);
}
void multiply_with_blas(Product<float>& p, int) {
  cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1.0F, p.a.data(), size, p.b.data(), size,
              0.0F, p.c.data(), size);
}
#endif

template <class T, class Multiply>
double rate_of(Multiply multiply, int n_threads) {
  Product<T> product;
  double best = 0;
  for (int run = 0; run < 8; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    multiply(product, n_threads);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::max(best, operations / seconds.count());
  }
  return best;
}

template <class T, class Multiply>
void add(const std::string& name, Multiply multiply, int n_threads) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [multiply, n_threads](benchmark::State& state) {
                                 Product<T> product;
                                 for (auto _ : state) multiply(product, n_threads);
                                 const double done = operations * static_cast<double>(state.iterations());
                                 state.counters["GFLOP/s"] =
                                     benchmark::Counter(1e-9 * done, benchmark::Counter::kIsRate);
                               })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

template <class T>
void add_all(const std::string& type, int n_threads) {
  add<T>(
      "gemm/eigen/1024/" + type, [](Product<T>& p, int n) { multiply_with_eigen(p, n); }, n_threads);
#ifdef GMMX_BENCHMARK_CBLAS
  add<T>(
      "gemm/blas/1024/" + type, [](Product<T>& p, int n) { multiply_with_blas(p, n); }, n_threads);
#endif
}

}  // namespace

template <class T>
double gemm_rate(int n_threads) {
  double best = rate_of<T>([](Product<T>& p, int n) { multiply_with_eigen(p, n); }, n_threads);
#ifdef GMMX_BENCHMARK_CBLAS
  best = std::max(best, rate_of<T>([](Product<T>& p, int n) { multiply_with_blas(p, n); }, n_threads));
#endif
  return best;
}

template double gemm_rate<double>(int);
template double gemm_rate<float>(int);

void register_gemm(int n_threads) {
  add_all<double>("float64", n_threads);
  add_all<float>("float32", n_threads);
}

}  // namespace gmmx::benchmarks
