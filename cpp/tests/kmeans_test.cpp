#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/closest_distances.hpp"
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

namespace {

// Sums of min(closest, distance) for every point by the definition, in double; closest becomes that with the first one.
std::vector<double> plain_sums(const Rows<double>& rows, const std::vector<Index>& points, bool first_is_a_seed,
                               std::vector<double>& closest) {
  std::vector<double> sums;
  const auto squared_distance = [&rows](Index n, Index point) {
    double sum = 0;
    for (Index j = 0; j < rows.n_features(); ++j) sum += std::pow(rows.x(n, j) - rows.x(point, j), 2);
    return sum;
  };
  for (Index n = 0; first_is_a_seed && n < rows.size(); ++n) {
    double& own = closest[static_cast<std::size_t>(n)];
    own = std::min(own, squared_distance(n, points[0]));
  }
  for (const Index point : points) {
    double sum = 0;
    for (Index n = 0; n < rows.size(); ++n)
      sum += rows.weight_of(n) * std::min(closest[static_cast<std::size_t>(n)], squared_distance(n, point));
    sums.push_back(sum);
  }
  return sums;
}

template <class T>
void check_closest_distances(const Rows<double>& exact, const Rows<T>& rows, Index n_points, double tolerance) {
  CAPTURE(n_points);
  std::vector<Index> points;
  for (Index p = 0; p < n_points; ++p) points.push_back((7 * p + 3) % rows.size());
  std::vector<double> expected_closest(static_cast<std::size_t>(rows.size()), std::numeric_limits<double>::infinity());
  std::vector<T> closest(expected_closest.size(), std::numeric_limits<T>::infinity());
  const LanesOfPoints<T> lanes(rows.x, points);
  for (const bool first_is_a_seed : {false, true, true}) {
    const std::vector<double> expected = plain_sums(exact, points, first_is_a_seed, expected_closest);
    std::vector<double> sums(static_cast<std::size_t>(lanes.n_lanes()));
    const Index middle = rows.size() / 2;
    add_closest_distances(rows, 0, middle, lanes, first_is_a_seed, closest.data(), sums.data());
    add_closest_distances(rows, middle, rows.size(), lanes, first_is_a_seed, closest.data() + middle, sums.data());
    for (std::size_t p = 0; p < points.size(); ++p) CHECK(sums[p] == doctest::Approx(expected[p]).epsilon(tolerance));
    for (std::size_t n = 0; n < closest.size() && first_is_a_seed; ++n)
      CHECK(closest[n] == doctest::Approx(expected_closest[n]).epsilon(tolerance));
    if (first_is_a_seed) CHECK(closest[static_cast<std::size_t>(points[0])] == 0);
  }
}

// Row by row and column by column, in double and in float, with and without weights.
void check_closest_distances_of(Index n_rows, Index d, const std::vector<Index>& numbers_of_points) {
  CAPTURE(n_rows);
  CAPTURE(d);
  const auto p = make_problem(n_rows, d, 3);
  std::vector<float> as_float(p.view().x.data(), p.view().x.data() + n_rows * d);
  std::vector<double> rounded(as_float.begin(), as_float.end());
  std::vector<double> columns(rounded.size());
  for (Index n = 0; n < n_rows; ++n) {
    for (Index j = 0; j < d; ++j)
      columns[static_cast<std::size_t>(j * n_rows + n)] = rounded[static_cast<std::size_t>(n * d + j)];
  }
  std::vector<double> weights(static_cast<std::size_t>(n_rows));
  for (std::size_t n = 0; n < weights.size(); ++n) weights[n] = static_cast<double>(n % 4);
  for (const auto& sample_weight : {VectorView<const double>(), view(weights)}) {
    const Rows<double> rows(MatrixView<const double>(rounded.data(), n_rows, d), sample_weight);
    const Rows<double> by_columns(MatrixView<const double>(columns.data(), n_rows, d, 1, n_rows), sample_weight);
    const Rows<float> of_float(MatrixView<const float>(as_float.data(), n_rows, d), sample_weight);
    for (const Index n_points : numbers_of_points) {
      check_closest_distances(rows, rows, n_points, 1e-13);
      check_closest_distances(rows, by_columns, n_points, 1e-13);
      check_closest_distances(rows, of_float, n_points, 1e-5);
    }
  }
}

}  // namespace

TEST_CASE("sums of the distances to the closest seed, of any number of points") {
  for (Index d = 1; d <= 19; ++d) check_closest_distances_of(75, d, {1, 2, 4, 5, 8, 9, 13, 16, 17, 37});
}

TEST_CASE("sums of the distances to the closest seed over many blocks of rows") {
  for (const Index d : {1, 3, 6, 7, 11, 12, 13}) check_closest_distances_of(1100, d, {1, 5});
}

TEST_CASE("sums of squares that float does not hold") {
  const std::vector<float> numbers{0.0F, 1.5e19F, 1.6e19F, -1.7e19F, 1.8e19F, 3e18F, 0.0F, 1e19F, -1e19F, 1.1e19F};
  const Rows<float> rows = MatrixView<const float>(numbers.data(), 10, 1);
  std::vector<float> closest(10, std::numeric_limits<float>::infinity());
  const LanesOfPoints<float> lanes(rows.x, {0});
  std::vector<double> sums(static_cast<std::size_t>(lanes.n_lanes()), 1.0);
  add_closest_distances(rows, 0, 10, lanes, false, closest.data(), sums.data());
  double expected = 1;
  for (const float x : numbers) expected += static_cast<double>(x) * static_cast<double>(x);
  CHECK(sums[0] == doctest::Approx(expected).epsilon(1e-6));
}

TEST_CASE("the first seed is the row at which the cumulative weight passes the draw") {
  const auto p = make_problem(10, 1, 1);
  const std::vector<double> ones(10, 1.0);
  for (const double u : {0.0, 0.05, 0.1, 0.2, 0.3, 0.55, 0.7, 0.9, 0.95, 0.9999999999999999}) {
    CAPTURE(u);
    const std::vector<double> uniforms{u};
    const auto seeds = kmeans_plus_plus(p.view(), 1, view(uniforms));
    CHECK(seeds == kmeans_plus_plus(Rows(p.view().x, view(ones)), 1, view(uniforms)));
  }
}

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

namespace {

// Lloyd's algorithm without bounds, all distances in double; the seeds are those of the library.
KMeansResult plain_kmeans(const Rows<double>& rows, Index k, const std::vector<double>& uniforms, int max_iter) {
  const Index n_rows = rows.size();
  const Index d = rows.n_features();
  KMeansResult result;
  for (const Index seed : kmeans_plus_plus(rows, k, view(uniforms))) {
    for (Index j = 0; j < d; ++j) result.centers.push_back(rows.x(seed, j));
  }
  result.labels.assign(static_cast<std::size_t>(n_rows), -1);
  for (bool changed = true; changed && result.n_iter < max_iter; ++result.n_iter) {
    changed = false;
    std::vector<double> sums(static_cast<std::size_t>(k * (d + 1)));
    for (Index n = 0; n < n_rows; ++n) {
      std::int32_t nearest = 0;
      double least = std::numeric_limits<double>::infinity();
      for (Index c = 0; c < k; ++c) {
        double distance = 0;
        for (Index j = 0; j < d; ++j)
          distance += std::pow(rows.x(n, j) - result.centers[static_cast<std::size_t>(c * d + j)], 2);
        if (distance < least) nearest = static_cast<std::int32_t>(c);
        least = std::min(least, distance);
      }
      std::int32_t& label = result.labels[static_cast<std::size_t>(n)];
      if (rows.weight_of(n) > 0) changed = changed || label != nearest;
      label = nearest;
      const auto at = static_cast<std::size_t>(nearest * (d + 1));
      sums[at] += rows.weight_of(n);
      for (Index j = 0; j < d; ++j) sums[at + 1 + static_cast<std::size_t>(j)] += rows.weight_of(n) * rows.x(n, j);
    }
    for (Index c = 0; c < k; ++c) {
      const auto at = static_cast<std::size_t>(c * (d + 1));
      REQUIRE(sums[at] > 0);
      for (Index j = 0; j < d; ++j)
        result.centers[static_cast<std::size_t>(c * d + j)] = sums[at + 1 + static_cast<std::size_t>(j)] / sums[at];
    }
  }
  return result;
}

}  // namespace

TEST_CASE("bounds change nothing of what Lloyd's algorithm finds") {
  for (const auto& shape : {std::pair<Index, Index>{8, 10}, {16, 20}, {40, 6}, {64, 32}, {130, 3}}) {
    const Index d = shape.first;
    const Index k = shape.second;
    CAPTURE(d);
    CAPTURE(k);
    // Clusters that overlap: their rows change labels for many passes.
    auto p = make_problem(2500, d, 2, static_cast<unsigned>(d));
    std::vector<double> weights(2500);
    for (std::size_t n = 0; n < weights.size(); ++n) weights[n] = static_cast<double>(n % 5);
    for (const bool weighted : {false, true}) {
      for (const double offset : {0.0, 1e4}) {
        for (double& x : p.rows) x += offset;
        const Rows<double> rows(p.view().x, weighted ? view(weights) : VectorView<const double>());
        const auto u = draws(k, 5);
        const KMeansResult expected = plain_kmeans(rows, k, u, 300);
        CHECK(expected.n_iter > 5);
        KMeansOptions options;
        options.tol = 0;
        for (const int n_threads : {1, 3}) {
          options.n_threads = n_threads;
          const KMeansResult result = kmeans(rows, k, view(u), options);
          CHECK(result.n_iter == expected.n_iter);
          CHECK(result.labels == expected.labels);
          for (std::size_t i = 0; i < result.centers.size(); ++i)
            CHECK(result.centers[i] == doctest::Approx(expected.centers[i]).epsilon(1e-9));
        }
        for (double& x : p.rows) x -= offset;
      }
    }
  }
}

TEST_CASE("rows that lie between two centers go to the first of them") {
  // A grid of integers, on which most distances are equal to others; few features are looked at by blocks of rows, many
  // row by row.
  for (const Index d : {10, 70}) {
    std::vector<double> rows;
    for (Index n = 0; n < 1024; ++n) {
      for (Index j = 0; j < d; ++j) rows.push_back(static_cast<double>(n >> (j % 10) & 1));
    }
    const Rows<double> grid = MatrixView<const double>(rows.data(), 1024, d);
    for (const unsigned seed : {1U, 2U, 3U, 4U}) {
      const auto u = draws(16, seed);
      KMeansOptions options;
      options.tol = 0;
      options.max_iter = 1;
      const KMeansResult expected = plain_kmeans(grid, 16, u, 1);
      const KMeansResult result = kmeans(grid, 16, view(u), options);
      for (std::size_t i = 0; i < result.centers.size(); ++i)
        CHECK(result.centers[i] == doctest::Approx(expected.centers[i]).epsilon(1e-12));
    }
  }
}
