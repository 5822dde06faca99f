#include "sampling/random_sequence.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "gmmx/sample.hpp"

namespace gmmx {
namespace {

TEST_CASE("a seed means the same numbers on every machine") {
  const RandomSequence random(42, 1);
  double uniform[4];
  random.uniform(7, 4, uniform);
  const double expected[] = {0x1.8647686d08588p-3, 0x1.213af0adb7d3ap-1, 0x1.dc85d555ba86p-4, 0x1.c55314e1bb7bp-4};
  for (int i = 0; i < 4; ++i) CHECK(uniform[i] == expected[i]);

  double one[3];
  double other[3];
  random.normal_pairs(10, 6, 3, one, other);
  const double pairs[3][2] = {{-0.45301102232274826, -0.1713649071735173},
                              {-0.2781925444024297, -0.8310613971003107},
                              {-1.1968540668731835, 0.07069237078825627}};
  for (int i = 0; i < 3; ++i) {
    CHECK(one[i] == doctest::Approx(pairs[i][0]).epsilon(1e-14));
    CHECK(other[i] == doctest::Approx(pairs[i][1]).epsilon(1e-14));
  }
}

TEST_CASE("numbers depend on their places alone") {
  constexpr Index n = 37;
  const RandomSequence random(3, 0);
  std::vector<double> one(n), other(n);
  random.normal_pairs(5, 4, n, one.data(), other.data());
  for (Index i = 0; i < n; ++i) {
    double alone[2];
    random.normal_pairs(5 + 4 * static_cast<std::uint64_t>(i), 4, 1, alone, alone + 1);
    CHECK(alone[0] == doctest::Approx(one[static_cast<std::size_t>(i)]).epsilon(1e-14));
    CHECK(alone[1] == doctest::Approx(other[static_cast<std::size_t>(i)]).epsilon(1e-14));
  }
}

TEST_CASE("rows do not depend on the number of threads") {
  constexpr Index n = 5003;
  const Mixture mixture(CovarianceType::full, 3, {0.5, 0.0, 0.5}, {0, 0, 0, 1, 1, 1, 9, 9, 9},
                        {2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 0, 0, 1, 0, 0, 0, 1, 3, 1, 1, 1, 3, 1, 1, 1, 3}, {});
  std::vector<double> first;
  for (const int n_threads : {1, 2, 5}) {
    std::vector<double> rows(3 * n);
    std::vector<std::int64_t> labels(n);
    sample(mixture, 8, MatrixView<double>(rows.data(), n, 3), VectorView<std::int64_t>(labels.data(), n), n_threads);
    if (first.empty()) first = rows;
    CHECK(rows == first);
    CHECK(labels.front() == 0);
    CHECK(labels.back() == 2);
  }
}

}  // namespace
}  // namespace gmmx
