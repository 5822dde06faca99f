// Rows of float32 near a small cluster, beside one far away: (112), (113) and (114) of docs/theory.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::as_float;
using gmmx::testing::make_problem;

namespace {

// Three clusters at 1, 4 and `far` of every feature, the last a hundredth of its position wide; rows as float32 holds
// them, in double.
gmmx::testing::Problem clusters_far_apart(double far, Index d) {
  auto problem = make_problem(600, d, 3);
  const double position[] = {1.0, 4.0, far};
  const double width[] = {0.1, 0.1, 0.01 * far};
  std::mt19937_64 engine(7);
  gmmx::testing::Normal normal;
  for (Index n = 0; n < problem.n; ++n) {
    for (Index j = 0; j < d; ++j) {
      const Index k = n % 3;
      const double x = position[k] + width[k] * normal(engine);
      problem.rows[static_cast<std::size_t>(n * d + j)] = static_cast<double>(static_cast<float>(x));
    }
  }
  return problem;
}

}  // namespace

TEST_CASE("float32 scores of a small cluster do not know of one far away") {
  for (const double far : {1e5, 1e7, 1e9}) {
    for (const Index d : {Index{1}, Index{3}, Index{9}}) {
      const auto problem = clusters_far_apart(far, d);
      const std::vector<float> rows = as_float(problem.rows);
      for (const CovarianceType type : gmmx::testing::models()) {
        const Mixture mixture = problem.mixture(type, 1e-6);
        const Scorer<float> single(mixture);
        const Scorer<double> full(mixture);
        std::vector<float> scores(static_cast<std::size_t>(problem.n));
        score_samples(Rows(MatrixView<const float>(rows.data(), problem.n, d)), mixture,
                      VectorView<float>(scores.data(), problem.n), 1);
        for (Index n = 0; n < problem.n; ++n) {
          const double expected = full.score(problem.rows.data() + n * d);
          // Rows of the far cluster hold seven digits of a hundred widths.
          const double tolerance = 1e-5 * (20.0 + std::abs(expected)) + (n % 3 == 2 ? 1e-3 : 0.0);
          CHECK(std::abs(static_cast<double>(single.score(rows.data() + n * d)) - expected) < tolerance);
          CHECK(std::abs(static_cast<double>(scores[static_cast<std::size_t>(n)]) - expected) < tolerance + 1e-4);
        }
      }
    }
  }
}

TEST_CASE("k-means in float32 keeps small clusters apart from one far away") {
  const auto problem = clusters_far_apart(1e9, 2);
  const std::vector<float> rows = as_float(problem.rows);
  const std::vector<double> uniforms(static_cast<std::size_t>(kmeans_draws(3)), 0.1);
  const KMeansResult found = kmeans(Rows(MatrixView<const float>(rows.data(), problem.n, 2)), 3,
                                    VectorView<const double>(uniforms.data(), kmeans_draws(3)), {});
  for (Index n = 3; n < problem.n; ++n) {
    const auto at = static_cast<std::size_t>(n);
    if (n % 3 != 2) CHECK((found.labels[at] == found.labels[2]) == false);
  }
}

TEST_CASE("statistics of labels keep a small cluster beside a row of 1e20") {
  const std::vector<double> rows{1e20, 1.0, 2.0, 3.0, 6.0};
  const std::vector<std::int32_t> labels{0, 1, 1, 1, 1};
  const SufficientStatistics s = statistics_from_labels(Rows(MatrixView<const double>(rows.data(), 5, 1)),
                                                        {labels.data(), 5}, 2, SecondMoments::diagonal, 1);
  const Mixture mixture = m_step(s, CovarianceType::diag, 1e-6);
  CHECK(mixture.means()[0] == 1e20);
  CHECK(mixture.means()[1] == doctest::Approx(3.0).epsilon(1e-14));
  CHECK(mixture.covariances()[1] == doctest::Approx(3.5 + 1e-6).epsilon(1e-12));
}
