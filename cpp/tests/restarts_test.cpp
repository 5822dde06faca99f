#include "gmmx/restarts.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;
using gmmx::testing::run_em;
using gmmx::testing::Settings;

namespace {

std::vector<double> uniform_numbers(unsigned seed, Index count) {
  std::mt19937_64 engine(seed);
  const gmmx::testing::Uniform uniform;
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (double& number : numbers) number = uniform(engine);
  return numbers;
}

}  // namespace

TEST_CASE("starts side by side end where starts one after another do") {
  const auto p = make_problem(300, 2, 3);
  constexpr Index n_starts = 7;
  const std::vector<double> numbers = uniform_numbers(4, n_starts * kmeans_draws(4));
  const MatrixView<const double> uniforms(numbers.data(), n_starts, kmeans_draws(4));
  Settings options;
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    options.n_threads = 1;
    const auto alone =
        em_from_kmeans(p.weighted(), 4, type, uniforms, options.likelihood(), options, options.n_threads);
    options.n_threads = 3;
    const auto together =
        em_from_kmeans(p.weighted(), 4, type, uniforms, options.likelihood(), options, options.n_threads);
    REQUIRE(alone.size() == 7);
    REQUIRE(together.size() == 7);
    for (std::size_t i = 0; i < alone.size(); ++i) {
      CHECK(together[i].same_as == alone[i].same_as);
      if (alone[i].same_as >= 0) continue;
      REQUIRE(alone[i].fit);
      CHECK(together[i].fit->mean_log_likelihoods == alone[i].fit->mean_log_likelihoods);
      CHECK(together[i].fit->mixture.means() == alone[i].fit->mixture.means());
    }
  }
}

TEST_CASE("clusters that were found before are not fitted again") {
  // Two pairs far apart: whatever rows k-means begins with, it ends with the same two clusters.
  const std::vector<double> rows{0, 1, 100, 101};
  const Rows<double> view = MatrixView<const double>(rows.data(), 4, 1);
  constexpr Index n_starts = 6;
  const std::vector<double> numbers = uniform_numbers(1, n_starts * kmeans_draws(2));
  const MatrixView<const double> uniforms(numbers.data(), n_starts, kmeans_draws(2));
  for (const int n_threads : {1, 2}) {
    Settings options;
    options.n_threads = n_threads;
    const auto outcomes =
        em_from_kmeans(view, 2, CovarianceType::full, uniforms, options.likelihood(), options, options.n_threads);
    CHECK(outcomes[0].same_as == -1);
    REQUIRE(outcomes[0].fit);
    for (std::size_t i = 1; i < outcomes.size(); ++i) {
      CHECK(outcomes[i].same_as == 0);
      CHECK_FALSE(outcomes[i].fit);
    }
  }
  // Those that collapse are run each, for the sake of which component it is.
  Settings options;
  options.reg_covar = 0;
  const std::vector<double> equal_rows{0, 0, 100, 101};
  for (const auto& outcome :
       em_from_kmeans(Rows(MatrixView<const double>(equal_rows.data(), 4, 1)), 2, CovarianceType::full, uniforms,
                      options.likelihood(), options, options.n_threads)) {
    CHECK(outcome.same_as == -1);
    CHECK_FALSE(outcome.fit);
    CHECK(outcome.failed_component >= 0);
  }
}

TEST_CASE("a start that collapses says where, and other errors reach the caller") {
  const std::vector<double> rows{0, 0, 0, 1, 1, 5};
  const Rows<double> view = MatrixView<const double>(rows.data(), 6, 1);
  const std::vector<double> numbers(static_cast<std::size_t>(2 * kmeans_draws(3)), 0.5);
  const MatrixView<const double> uniforms(numbers.data(), 2, kmeans_draws(3));
  Settings options;
  options.reg_covar = 0;
  options.n_threads = 2;
  const auto outcomes =
      em_from_kmeans(view, 3, CovarianceType::full, uniforms, options.likelihood(), options, options.n_threads);
  REQUIRE(outcomes.size() == 2);
  for (const StartOutcome& outcome : outcomes) {
    CHECK_FALSE(outcome.fit);
    CHECK(outcome.failed_iteration == 0);
    CHECK(outcome.failed_component >= 0);
  }
  options.reg_covar = -1;
  CHECK_THROWS_AS(
      em_from_kmeans(view, 3, CovarianceType::full, uniforms, options.likelihood(), options, options.n_threads),
      InvalidArgument);
}

namespace {

std::size_t n_covariances(CovarianceType type, Index n_components, Index n_features) {
  std::size_t product = 1;
  for (const Index n : covariance_shape(type, n_components, n_features)) product *= static_cast<std::size_t>(n);
  return product;
}

// Each start has its components at rows of its own, and the covariances of one cluster.
std::vector<Mixture> starts_at_rows(const gmmx::testing::Problem& p, CovarianceType type, Index n_components,
                                    std::size_t n_starts) {
  std::mt19937_64 engine(3);
  const std::vector<double> one = p.mixture(type).covariances();
  std::vector<double> covariances;
  while (covariances.size() < n_covariances(type, n_components, p.d))
    covariances.push_back(one[covariances.size() % n_covariances(type, 1, p.d)]);
  const std::vector<double> weights(static_cast<std::size_t>(n_components), 1.0 / static_cast<double>(n_components));
  std::vector<Mixture> starts;
  while (starts.size() < n_starts) {
    std::vector<double> means;
    for (Index k = 0; k < n_components; ++k) {
      const double* const row = &p.view().x(static_cast<Index>(engine() % static_cast<std::uint64_t>(p.n)), 0);
      means.insert(means.end(), row, row + p.d);
    }
    starts.emplace_back(type, p.d, weights, means, covariances);
  }
  return starts;
}

}  // namespace

TEST_CASE("starts that go through the rows together end where each ends alone") {
  const auto p = make_problem(1100, 2, 3);  // several chunks
  const auto narrow = gmmx::testing::as_float(p.rows);
  const MatrixView<const float> narrow_view(narrow.data(), p.n, p.d);
  Settings options;
  options.tol = 1e-7;
  options.max_iter = 40;
  using T = CovarianceType;
  for (const T type : {T::full, T::tied, T::diag, T::spherical, T::EVE}) {  // the last: one that cannot be batched
    CAPTURE(to_string(type));
    // Restarts share passes in groups of 8, 3 and 1; one that ends makes room for the next.
    const std::vector<std::pair<Index, std::size_t>> sizes = {{1, 11}, {2, 11}, {5, 6}, {20, 3}};
    for (const auto& size : sizes) {
      const Index k = size.first;
      CAPTURE(k);
      if (type == T::EVE && k > 2) continue;
      const auto starts = starts_at_rows(p, type, k, size.second);
      const auto outcomes =
          em_from_mixtures(p.weighted(), starts, MStep(options.likelihood()), options, options.n_threads);
      const auto in_float = em_from_mixtures(Rows(narrow_view, p.weight_view()), starts, MStep(options.likelihood()),
                                             options, options.n_threads);
      Settings more_threads = options;
      more_threads.n_threads = 3;
      const auto threaded = em_from_mixtures(p.weighted(), starts, MStep(more_threads.likelihood()), more_threads,
                                             more_threads.n_threads);
      REQUIRE(outcomes.size() == starts.size());
      for (std::size_t i = 0; i < starts.size(); ++i) {
        const EMResult alone = run_em(p.weighted(), starts[i], options);
        REQUIRE(outcomes[i].fit);
        const EMResult& fit = *outcomes[i].fit;
        CHECK(fit.mean_log_likelihoods == threaded[i].fit->mean_log_likelihoods);
        CHECK(fit.converged == alone.converged);
        REQUIRE(fit.mean_log_likelihoods.size() == alone.mean_log_likelihoods.size());
        for (std::size_t j = 0; j < fit.mean_log_likelihoods.size(); ++j)
          CHECK(fit.mean_log_likelihoods[j] == doctest::Approx(alone.mean_log_likelihoods[j]).epsilon(1e-11));
        for (std::size_t j = 0; j < fit.mixture.means().size(); ++j)
          CHECK(fit.mixture.means()[j] == doctest::Approx(alone.mixture.means()[j]).epsilon(1e-8));
        REQUIRE(in_float[i].fit);
        CHECK(in_float[i].fit->mean_log_likelihoods.front() ==
              doctest::Approx(alone.mean_log_likelihoods.front()).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("of starts that go together each is accelerated, watched and stopped on its own") {
  const auto p = make_problem(2000, 2, 3);
  const auto starts = starts_at_rows(p, CovarianceType::full, 3, 4);
  Settings options;
  options.tol = 1e-6;
  options.max_iter = 500;
  options.acceleration = Acceleration::anderson;
  std::vector<int> seen(starts.size(), 0);
  options.callback = [&](const IterationSummary& summary) {
    CHECK(summary.iteration == ++seen[static_cast<std::size_t>(summary.start)]);
    return summary.start == 2 && summary.iteration == 3;
  };
  const auto outcomes = em_from_mixtures(p.view(), starts, MStep(options.likelihood()), options, options.n_threads);
  options.callback = nullptr;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    REQUIRE(outcomes[i].fit);
    CHECK(outcomes[i].fit->stopped == (i == 2));
    CHECK(seen[i] == static_cast<int>(outcomes[i].fit->mean_log_likelihoods.size()));
    if (i == 2) continue;
    const EMResult alone = run_em(p.view(), starts[i], options);
    CHECK(outcomes[i].fit->converged);
    CHECK(outcomes[i].fit->mean_log_likelihoods.back() ==
          doctest::Approx(alone.mean_log_likelihoods.back()).epsilon(1e-5));
  }
}

TEST_CASE("of starts that go together one may collapse, and unlike ones are refused") {
  auto p = make_problem(400, 2, 2);
  for (Index i = 1; i < p.n; i += 2) {
    p.rows[static_cast<std::size_t>(2 * i)] = p.rows[static_cast<std::size_t>(2 * i + 1)] = 50;
  }
  auto starts = starts_at_rows(p, CovarianceType::full, 2, 1);
  starts.emplace_back(CovarianceType::full, 2, std::vector<double>{0.5, 0.5}, std::vector<double>{0, 0, 50, 50},
                      std::vector<double>{4, 0, 0, 4, 4, 0, 0, 4});
  starts.push_back(p.mixture(CovarianceType::full));
  Settings options;
  options.reg_covar = 0;
  options.max_iter = 2;
  const auto outcomes =
      em_from_mixtures(p.view(), {starts[1], starts[0]}, MStep(options.likelihood()), options, options.n_threads);
  CHECK_FALSE(outcomes[0].fit);
  CHECK(outcomes[0].failed_iteration == 1);
  CHECK(outcomes[0].failed_component == 1);

  options.max_iter = 0;
  for (const StartOutcome& outcome :
       em_from_mixtures(p.view(), starts, MStep(options.likelihood()), options, options.n_threads)) {
    REQUIRE(outcome.fit);
    CHECK(outcome.fit->mean_log_likelihoods.empty());
  }
  CHECK(em_from_mixtures(p.view(), {}, MStep(options.likelihood()), options, options.n_threads).empty());

  starts.push_back(p.mixture(CovarianceType::diag));
  CHECK_THROWS_WITH_AS(em_from_mixtures(p.view(), starts, MStep(options.likelihood()), options, options.n_threads),
                       doctest::Contains("different"), InvalidArgument);
}

TEST_CASE("starts side by side end soon where the caller's check throws") {
  const auto p = make_problem(2000, 4, 4);
  const std::vector<double> numbers(static_cast<std::size_t>(16 * kmeans_draws(4)), 0.3);
  const MatrixView<const double> draws(numbers.data(), 16, kmeans_draws(4));
  for (const int n_threads : {1, 2}) {
    Settings options;
    options.n_threads = n_threads;
    options.max_iter = std::numeric_limits<int>::max();
    options.tol = 0;
    const auto caller = std::this_thread::get_id();
    int n_calls = 0;
    bool called_elsewhere = false;
    options.check_interrupt = [&] {
      called_elsewhere = called_elsewhere || std::this_thread::get_id() != caller;
      if (++n_calls == 20) throw std::runtime_error("enough");
    };
    CHECK_THROWS_WITH(
        em_from_kmeans(p.view(), 4, CovarianceType::full, draws, options.likelihood(), options, options.n_threads),
        "enough");
    CHECK(n_calls == 20);
    CHECK_FALSE(called_elsewhere);
  }
}
