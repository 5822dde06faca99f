// Quick looks at rows, and components that are equal.
#include "gmmx/row_checks.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "gmmx/equal_components.hpp"

namespace gmmx {

namespace {

// Three columns: a ramp, its square, and their sum.
std::vector<double> dependent_rows(Index n) {
  std::vector<double> rows;
  for (Index i = 0; i < n; ++i) {
    const auto x = static_cast<double>(i);
    rows.insert(rows.end(), {x, x * x, x + x * x});
  }
  return rows;
}

}  // namespace

TEST_CASE("columns that depend on others, and constant ones, are not cleared") {
  const std::vector<double> rows = dependent_rows(50);
  CHECK(columns_are_independent(MatrixView<const double>(rows.data(), 50, 2, 3, 1), 1e-8));
  CHECK_FALSE(columns_are_independent(MatrixView<const double>(rows.data(), 50, 3), 1e-8));
  CHECK(columns_vary(MatrixView<const double>(rows.data(), 50, 3)));
  const std::vector<float> constant(50, 0.1F);
  CHECK_FALSE(columns_vary(MatrixView<const float>(constant.data(), 50, 1)));
}

TEST_CASE("only columns with a number far out may hold a row that outweighs all others") {
  std::vector<double> rows = dependent_rows(50);
  const MatrixView<const double> view(rows.data(), 50, 3);
  CHECK(columns_where_a_row_may_outweigh(view).empty());
  rows[3 * 20 + 1] = -1e20;
  CHECK(columns_where_a_row_may_outweigh(view) == std::vector<Index>{1});
  CHECK(all_finite(view));
  rows[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(all_finite(view));
}

TEST_CASE("components of equal means and covariances form groups") {
  const std::vector<double> weights{0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.0};
  const std::vector<double> means{0, 3, 0, 1, 3, 0, 0};
  const Mixture spherical(CovarianceType::spherical, 1, weights, means, {1, 1, 1, 1, 1, 4, 1});
  CHECK(equal_components(spherical) == std::vector<std::vector<Index>>{{0, 2}, {1, 4}});
  const Mixture tied(CovarianceType::tied, 1, weights, means, {1});
  CHECK(equal_components(tied) == std::vector<std::vector<Index>>{{0, 2, 5}, {1, 4}});
  const Mixture full(CovarianceType::full, 2, {0.5, 0.5}, {0, 1, 0, 1}, {1, 0.5, 0.5, 1, 1, -0.5, -0.5, 1});
  CHECK(equal_components(full).empty());
}

}  // namespace gmmx
