#include "gmmx/restarts.hpp"

#include <doctest/doctest.h>

#include <random>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;

TEST_CASE("starts side by side end where starts one after another do") {
  const auto p = make_problem(300, 2, 3);
  constexpr Index n_starts = 7;
  std::mt19937_64 engine(4);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> numbers(static_cast<std::size_t>(n_starts * kmeans_draws(4)));
  for (double& number : numbers) number = uniform(engine);
  const MatrixView<const double> uniforms(numbers.data(), n_starts, kmeans_draws(4));
  EMOptions options;
  for (const CovarianceType type : covariance_types()) {
    CAPTURE(to_string(type));
    options.n_threads = 1;
    const auto alone = em_from_kmeans(p.view(), 4, type, uniforms, p.weight_view(), options);
    options.n_threads = 3;
    const auto together = em_from_kmeans(p.view(), 4, type, uniforms, p.weight_view(), options);
    REQUIRE(alone.size() == 7);
    REQUIRE(together.size() == 7);
    for (std::size_t i = 0; i < alone.size(); ++i) {
      REQUIRE(alone[i].fit);
      CHECK(together[i].fit->mean_log_likelihoods == alone[i].fit->mean_log_likelihoods);
      CHECK(together[i].fit->mixture.means() == alone[i].fit->mixture.means());
    }
  }
}

TEST_CASE("a start that collapses says where, and other errors reach the caller") {
  const std::vector<double> rows{0, 0, 0, 1, 1, 5};
  const MatrixView<const double> view(rows.data(), 6, 1);
  const std::vector<double> numbers(static_cast<std::size_t>(2 * kmeans_draws(3)), 0.5);
  const MatrixView<const double> uniforms(numbers.data(), 2, kmeans_draws(3));
  EMOptions options;
  options.reg_covar = 0;
  options.n_threads = 2;
  const auto outcomes = em_from_kmeans(view, 3, CovarianceType::full, uniforms, {}, options);
  REQUIRE(outcomes.size() == 2);
  for (const StartOutcome& outcome : outcomes) {
    CHECK_FALSE(outcome.fit);
    CHECK(outcome.failed_iteration == 0);
    CHECK(outcome.failed_component >= 0);
  }
  options.reg_covar = -1;
  CHECK_THROWS_AS(em_from_kmeans(view, 3, CovarianceType::full, uniforms, {}, options), InvalidArgument);
}
