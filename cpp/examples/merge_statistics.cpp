// EM over rows that are shared by two threads of this program: each computes statistics of its rows, the sum of both is
// what the M-step needs. In the same way they may come from two files, or from two machines.
#include <cstdint>
#include <cstdio>
#include <future>
#include <random>
#include <vector>

#include "gmmx/gmmx.hpp"

namespace {

constexpr gmmx::Index n_rows = 20000;
constexpr gmmx::Index n_features = 2;

// Two clouds about (0, 0) and (4, 4).
std::vector<double> make_rows() {
  std::mt19937 engine(0);
  std::normal_distribution<double> normal;
  std::vector<double> rows;
  for (gmmx::Index n = 0; n < n_rows; ++n) {
    for (gmmx::Index j = 0; j < n_features; ++j) rows.push_back((n % 3 == 0 ? 4.0 : 0.0) + normal(engine));
  }
  return rows;
}

gmmx::Mixture initial_mixture(gmmx::MatrixView<const double> rows) {
  std::vector<std::int32_t> labels;
  for (gmmx::Index n = 0; n < rows.rows(); ++n) labels.push_back(rows(n, 0) > 1.0 ? 1 : 0);
  const auto type = gmmx::CovarianceType::full;
  const auto statistics = gmmx::statistics_from_labels(
      rows, gmmx::VectorView<const std::int32_t>(labels.data(), rows.rows()), 2, gmmx::second_moment_form(type), {}, 1);
  return gmmx::m_step(statistics, type, 1e-6);
}

}  // namespace

int main() {
  const std::vector<double> numbers = make_rows();
  const gmmx::MatrixView<const double> rows(numbers.data(), n_rows, n_features);

  const gmmx::Index half = n_rows / 2;
  const gmmx::MatrixView<const double> first(numbers.data(), half, n_features);
  const gmmx::MatrixView<const double> second(&rows(half, 0), n_rows - half, n_features);
  const auto statistics_of_all = [&](const gmmx::Mixture& mixture) {
    auto others = std::async(std::launch::async, [&] { return gmmx::e_step(second, mixture); });
    gmmx::SufficientStatistics sum = gmmx::e_step(first, mixture);
    sum += others.get();
    return sum;
  };
  gmmx::EMOptions options;
  options.tol = 1e-6;
  const gmmx::EMResult result = gmmx::em(statistics_of_all, initial_mixture(rows), options);
  const std::vector<double>& means = result.mixture.means();
  std::printf("converged after %d iterations: means (%.3f, %.3f) and (%.3f, %.3f)\n",
              static_cast<int>(result.mean_log_likelihoods.size()), means[0], means[1], means[2], means[3]);
  return result.converged ? 0 : 1;
}
