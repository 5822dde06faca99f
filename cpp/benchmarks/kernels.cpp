#include "kernels.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "gemm.hpp"
#include "gmmx/gmmx.hpp"

namespace gmmx::benchmarks {
namespace {

struct Shape {
  Index n, d, k;
  CovarianceType type;
  bool sizes_apart = false;  // of the clusters, by four orders of magnitude: out of reach of features
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {1'000'000, 2, 5, CovarianceType::full},       {200'000, 8, 10, CovarianceType::full},
      {100'000, 16, 32, CovarianceType::full},       {50'000, 64, 32, CovarianceType::full},
      {20'000, 128, 16, CovarianceType::full},       {200'000, 16, 64, CovarianceType::diag},
      {200'000, 32, 64, CovarianceType::spherical},  {100'000, 32, 32, CovarianceType::tied},
      {100'000, 16, 32, CovarianceType::full, true}, {50'000, 64, 32, CovarianceType::full, true}};
  return all;
}

// Useful operations of the densities of one row under one component, or of its moments, which need as many:
// a triangle for full, a multiply-add for the linear and one for the square part for diag, the linear part alone for
// spherical and for tied, whose common whitening or pooled moments add d^2 a row.
double operations_of_one_side(const Shape& s) {
  const double n = static_cast<double>(s.n), d = static_cast<double>(s.d), k = static_cast<double>(s.k);
  switch (second_moment_form(s.type)) {
    case SecondMoments::full:
      return n * k * d * d;
    case SecondMoments::diagonal:
      return 4 * n * k * d;
    case SecondMoments::trace:
      return 2 * n * k * d;
    case SecondMoments::pooled:
      return 2 * n * k * d + n * d * d;
  }
  return 0;
}

// Overlapping clusters, of unit width where their sizes are not apart; the start is the mixture of their labels.
template <class T>
struct Problem {
  explicit Problem(const Shape& s) : rows(static_cast<std::size_t>(s.n * s.d)) {
    std::mt19937 generator(0);
    std::normal_distribution<double> normal;
    std::vector<double> centers(static_cast<std::size_t>(s.k * s.d));
    for (double& c : centers) c = 3.0 / std::sqrt(static_cast<double>(s.d)) * normal(generator);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(s.n));
    for (Index i = 0; i < s.n; ++i) {
      const Index label = i % s.k;
      labels[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(label);
      const double exponent = 4.0 * static_cast<double>(label) / static_cast<double>(s.k - 1) - 3.0;
      const double width = s.sizes_apart ? std::pow(10.0, exponent) : 1.0;
      for (Index j = 0; j < s.d; ++j) {
        const double center = centers[static_cast<std::size_t>(label * s.d + j)];
        rows[static_cast<std::size_t>(i * s.d + j)] = static_cast<T>(center + width * normal(generator));
      }
    }
    view = {rows.data(), s.n, s.d};
    const auto form = second_moment_form(s.type);
    const auto statistics = statistics_from_labels<T>(view, {labels.data(), s.n}, s.k, form, 1);
    mixture = std::make_unique<Mixture>(m_step(statistics, s.type, 1e-6));
  }

  std::vector<T> rows;
  MatrixView<const T> view;
  std::unique_ptr<Mixture> mixture;
};

// Nothing is timed of which two passes over the rows do not agree: the E-step's sums with the densities of the rows.
template <class T>
void check(const Problem<T>& p, int n_threads) {
  constexpr double tolerance = std::is_same_v<T, double> ? 1e-10 : 1e-4;
  const auto agree = [](double got, double expected) {
    return std::abs(got - expected) <= tolerance * (1 + std::abs(expected));
  };
  const auto statistics = e_step<T>(p.view, *p.mixture, n_threads);
  std::vector<T> scores(static_cast<std::size_t>(p.view.rows()));
  score_samples<T>(p.view, *p.mixture, {scores.data(), p.view.rows()}, n_threads);
  const double total = std::accumulate(scores.begin(), scores.end(), 0.0);
  const double count = std::accumulate(statistics.counts.begin(), statistics.counts.end(), 0.0);
  if (!agree(statistics.log_likelihood, total) || !agree(count, static_cast<double>(p.view.rows()))) {
    throw std::runtime_error("e_step() and score_samples() differ");
  }
}

// One at a time is kept: the benchmarks of a shape follow each other.
template <class T>
const Problem<T>& problem(std::size_t which) {
  static std::size_t kept = shapes().size();
  static std::unique_ptr<Problem<T>> the_problem;
  if (kept != which) {
    the_problem.reset();
    the_problem = std::make_unique<Problem<T>>(shapes()[which]);
    check(*the_problem, thread_count());
    kept = which;
  }
  return *the_problem;
}

// Runs the kernel for as long as the benchmark asks. The matrix product it is compared with runs just before, as the
// machine's own rate changes from minute to minute.
template <class T, class Kernel>
void measure(benchmark::State& state, double operations, int n_threads, Kernel kernel) {
  using Clock = std::chrono::steady_clock;
  const double gemm = gemm_rate<T>(n_threads);
  double best = std::numeric_limits<double>::infinity();
  for (auto _ : state) {
    const auto begin = Clock::now();
    kernel();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  state.counters["GFLOP/s"] = 1e-9 * operations / best;
  state.counters["share of gemm"] = operations / best / gemm;
}

template <class Body>
void add(const std::string& name, Body body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->UseRealTime()->Unit(benchmark::kMillisecond);
}

template <class T>
void add_all(std::size_t which, const std::string& type, int n_threads) {
  const Shape& s = shapes()[which];
  const std::string name = "/" + std::to_string(s.n) + "x" + std::to_string(s.d) + "x" + std::to_string(s.k) + ":" +
                           to_string(s.type) + (s.sizes_apart ? ":apart/" : "/") + type;
  const double operations = operations_of_one_side(s);
  add("e_step" + name, [=](benchmark::State& state) {
    const auto& p = problem<T>(which);
    measure<T>(state, 2 * operations, n_threads,
               [&] { benchmark::DoNotOptimize(e_step<T>(p.view, *p.mixture, n_threads)); });
  });
  add("score_samples" + name, [=](benchmark::State& state) {
    const auto& p = problem<T>(which);
    std::vector<T> out(static_cast<std::size_t>(p.view.rows()));
    measure<T>(state, operations, n_threads, [&] {
      score_samples<T>(p.view, *p.mixture, {out.data(), p.view.rows()}, n_threads);
    });
  });
  // From the statistics, which have no precision of their own: what it takes does not depend on the rows.
  add("m_step" + name, [=](benchmark::State& state) {
    const auto& p = problem<T>(which);
    const auto statistics = e_step<T>(p.view, *p.mixture, n_threads);
    const auto covariance_type = p.mixture->covariance_type();
    for (auto _ : state) benchmark::DoNotOptimize(m_step(statistics, covariance_type, 1e-6));
  });
}

}  // namespace

void register_kernels(int n_threads) {
  for (std::size_t which = 0; which < shapes().size(); ++which) {
    add_all<double>(which, "float64", n_threads);
    add_all<float>(which, "float32", n_threads);
  }
}

}  // namespace gmmx::benchmarks
