#include <doctest/doctest.h>

#include <limits>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;

namespace {

std::vector<double> draws(Index k, unsigned seed = 3) {
  std::mt19937_64 engine(seed);
  const gmmx::testing::Uniform uniform;
  std::vector<double> numbers(static_cast<std::size_t>(kmeans_draws(k)));
  for (double& u : numbers) u = uniform(engine);
  return numbers;
}

VectorView<const double> view(const std::vector<double>& numbers) {
  return {numbers.data(), static_cast<Index>(numbers.size())};
}

}  // namespace

TEST_CASE("k-means finds separate clusters and labels fit the centers") {
  const auto p = make_problem(600, 2, 3);
  const auto u = draws(3);
  const KMeansResult result = kmeans(p.view(), 3, view(u), {});
  double inertia = 0;
  for (Index n = 0; n < p.n; ++n) {
    double best = std::numeric_limits<double>::infinity();
    Index nearest = -1;
    for (Index k = 0; k < 3; ++k) {
      double distance = 0;
      for (Index j = 0; j < 2; ++j) {
        const double difference = p.view().x(n, j) - result.centers[static_cast<std::size_t>(2 * k + j)];
        distance += difference * difference;
      }
      if (distance < best) {
        best = distance;
        nearest = k;
      }
    }
    CHECK(result.labels[static_cast<std::size_t>(n)] == nearest);
    inertia += best;
  }
  CHECK(result.inertia == doctest::Approx(inertia).epsilon(1e-10));
}

TEST_CASE("duplicated rows and weights of zero do no harm") {
  const std::vector<double> rows(20, 1.0);
  const auto u = draws(3);
  const Rows<double> same = MatrixView<const double>(rows.data(), 10, 2);
  CHECK(kmeans(same, 3, view(u), {}).inertia == 0);
  const auto p = make_problem(100, 2, 3);
  std::vector<double> weights(100, 0.0);
  weights[4] = weights[50] = weights[99] = 1;
  const KMeansResult result = kmeans(Rows(p.view().x, view(weights)), 3, view(u), {});
  CHECK(result.inertia == doctest::Approx(0).epsilon(1e-12));
  for (const Index seed : kmeans_plus_plus(Rows(p.view().x, view(weights)), 3, view(u))) {
    CHECK(weights[static_cast<std::size_t>(seed)] == 1);
  }
}

TEST_CASE("wrong arguments are named") {
  const auto p = make_problem(10, 2, 2);
  const auto u = draws(2);
  CHECK_THROWS_WITH_AS(kmeans_plus_plus(p.view(), 11, view(u)), doctest::Contains("n_clusters is 11"), InvalidArgument);
  CHECK_THROWS_WITH_AS(kmeans_plus_plus(p.view(), 3, view(u)), doctest::Contains("uniforms"), InvalidArgument);
  std::vector<double> weights(10, 0.0);
  CHECK_THROWS_WITH_AS(kmeans_plus_plus(Rows(p.view().x, view(weights)), 2, view(u)),
                       doctest::Contains("zero for every row"), InvalidArgument);
  weights[3] = -1;
  CHECK_THROWS_WITH_AS(kmeans_plus_plus(Rows(p.view().x, view(weights)), 2, view(u)),
                       doctest::Contains("sample_weight[3]"), InvalidArgument);
}

TEST_CASE("centers are the means of their clusters, whatever has left these") {
  auto p = make_problem(3000, 2, 2);
  const std::vector<double> equal(3000, 1.0);
  std::vector<double> unequal = equal;
  for (std::size_t n = 0; n < 3000; n += 10) unequal[n] = 1e14;
  for (const std::vector<double>& weights : {equal, unequal}) {
    const auto sample_weight = weights == equal ? VectorView<const double>() : view(weights);
    const auto u = draws(7);
    KMeansOptions options;
    options.tol = 0;
    const KMeansResult result = kmeans(Rows(p.view().x, sample_weight), 7, view(u), options);
    REQUIRE(result.n_iter > 3);
    for (Index k = 0; k < 7; ++k) {
      double weight = 0;
      double sum[2] = {};
      for (Index n = 0; n < p.n; ++n) {
        if (result.labels[static_cast<std::size_t>(n)] != k) continue;
        weight += weights[static_cast<std::size_t>(n)];
        for (Index j = 0; j < 2; ++j) sum[j] += weights[static_cast<std::size_t>(n)] * p.view().x(n, j);
      }
      for (Index j = 0; j < 2; ++j)
        CHECK(result.centers[static_cast<std::size_t>(2 * k + j)] == doctest::Approx(sum[j] / weight).epsilon(1e-11));
    }
  }
}
