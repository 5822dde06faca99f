#include "scorer.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "gmmx/gmmx.hpp"

namespace gmmx::benchmarks {
namespace {

constexpr Index d = 16;
constexpr Index k = 8;
constexpr Index n = 1024;

// Nothing is timed that does not agree with the pass over many rows.
template <class T>
void check(const Scorer<T>& scorer, MatrixView<const T> rows, const Mixture& mixture) {
  constexpr double tolerance = std::is_same_v<T, double> ? 1e-11 : 1e-4;
  std::vector<T> scores(static_cast<std::size_t>(n));
  score_samples<T>(rows, mixture, VectorView<T>(scores.data(), n));
  for (Index row = 0; row < n; ++row) {
    const auto expected = static_cast<double>(scores[static_cast<std::size_t>(row)]);
    const double difference = static_cast<double>(scorer.score(&rows(row, 0))) - expected;
    if (!(std::abs(difference) <= tolerance * (1 + std::abs(expected)))) {
      throw std::runtime_error("Scorer and score_samples() differ in row " + std::to_string(row));
    }
  }
}

template <class T>
void add(CovarianceType type, const std::string& precision) {
  const std::string name = "/16x8:" + to_string(type) + "/" + precision;
  std::mt19937 generator(0);
  std::normal_distribution<double> normal;
  std::vector<T> rows(static_cast<std::size_t>(n * d));
  for (T& number : rows) number = static_cast<T>(normal(generator));
  FitOptions options;
  options.n_components = k;
  options.covariance = type;
  options.max_iter = 5;
  const MatrixView<const T> view(rows.data(), n, d);
  const Mixture mixture = fit(Rows(view), options).mixture;
  const Scorer<T> scorer(mixture);
  check(scorer, view, mixture);
  const auto measure = [=](const std::string& what, auto score) {
    benchmark::RegisterBenchmark((what + name).c_str(), [=](benchmark::State& state) {
      Index row = 0;
      for (auto _ : state) {
        benchmark::DoNotOptimize(score(rows.data() + row * d));
        row = (row + 1) % n;
      }
    });
  };
  measure("scorer.score", [=](const T* x) { return scorer.score(x); });
  measure("scorer.predict", [=](const T* x) { return scorer.predict(x); });
  measure("scorer.responsibilities", [=](const T* x) {
    T out[k];
    return scorer.responsibilities(x, out);
  });
}

}  // namespace

void register_scorer() {
  for (const CovarianceType type : covariance_types()) {
    if (type == CovarianceType::E || type == CovarianceType::V) continue;  // of one feature
    add<double>(type, "float64");
    add<float>(type, "float32");
  }
}

}  // namespace gmmx::benchmarks
