#include "gmmx/hierarchical.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;

namespace {

HierarchicalResult tree_of(const gmmx::testing::Problem& p, MergeCriterion criterion, int n_threads = 1) {
  HierarchicalOptions options;
  options.n_threads = n_threads;
  return hierarchical_clustering(p.view().x, criterion, {}, options);
}

// Names of the groups that n_clusters are left of.
std::vector<std::int64_t> names(const HierarchicalResult& tree, Index n_rows, Index n_clusters) {
  std::vector<std::int64_t> name(static_cast<std::size_t>(n_rows));
  for (std::size_t n = 0; n < name.size(); ++n) name[n] = static_cast<std::int64_t>(n);
  for (std::size_t m = 0; m < static_cast<std::size_t>(n_rows - n_clusters); ++m) {
    for (auto& own : name) {
      if (own == tree.merges[2 * m + 1]) own = tree.merges[2 * m];
    }
  }
  return name;
}

}  // namespace

TEST_CASE("separate clusters are found, by either criterion") {
  auto p = make_problem(120, 3, 3);
  for (Index n = 0; n < p.n; ++n) {
    for (Index j = 0; j < p.d; ++j) p.rows[static_cast<std::size_t>(n * p.d + j)] += 50.0 * static_cast<double>(n % 3);
  }
  for (const MergeCriterion criterion : merge_criteria()) {
    const auto name = names(tree_of(p, criterion), p.n, 3);
    for (Index n = 0; n < p.n; ++n) CHECK(name[static_cast<std::size_t>(n)] == n % 3);
  }
}

TEST_CASE("every merge unites two groups that are there, and the first keeps its name") {
  const auto p = make_problem(200, 2, 4);
  for (const MergeCriterion criterion : merge_criteria()) {
    const auto tree = tree_of(p, criterion);
    REQUIRE(tree.merges.size() == 398);
    REQUIRE(tree.values.size() == 199);
    std::set<std::int64_t> left;
    for (Index n = 0; n < p.n; ++n) left.insert(n);
    for (std::size_t m = 0; m < tree.values.size(); ++m) {
      CHECK(tree.merges[2 * m] < tree.merges[2 * m + 1]);
      CHECK(left.count(tree.merges[2 * m]) == 1);
      CHECK(left.erase(tree.merges[2 * m + 1]) == 1);
    }
  }
}

TEST_CASE("the last value is the criterion of all rows as one group") {
  const std::vector<double> rows{0, 0, 1, 0, 0, 2, 3, 1};  // (x, y), four times
  const MatrixView<const double> view(rows.data(), 4, 2);
  const double xx = 6, yy = 2.75, xy = 0;  // sums of squares and products about the means 1 and 0.75
  const double alpha = (xx + yy) / 8;
  const auto tree = hierarchical_clustering(view, MergeCriterion::VVV, {}, {});
  const double determinant = (xx * yy - xy * xy) / 16;
  CHECK(tree.values.back() == doctest::Approx(4 * std::log(determinant + (xx + yy + alpha) / 4)).epsilon(1e-13));
}

TEST_CASE("the tree does not depend on the number of threads") {
  const auto p = make_problem(900, 10, 4);
  for (const MergeCriterion criterion : merge_criteria()) {
    const auto one = tree_of(p, criterion, 1);
    const auto three = tree_of(p, criterion, 3);
    CHECK(one.merges == three.merges);
    CHECK(one.values == three.values);
  }
}

TEST_CASE("given groups go on as if their merges had been the first") {
  const auto p = make_problem(60, 2, 3);
  const auto whole = tree_of(p, MergeCriterion::VVV);
  const auto name = names(whole, p.n, 10);
  const std::set<std::int64_t> left(name.begin(), name.end());
  const std::vector<std::int64_t> sorted(left.begin(), left.end());
  std::vector<std::int32_t> groups;
  groups.reserve(name.size());
  for (const auto own : name) groups.push_back(static_cast<std::int32_t>(std::distance(left.begin(), left.find(own))));
  const auto rest = hierarchical_clustering(p.view().x, MergeCriterion::VVV, {groups.data(), p.n}, {});
  REQUIRE(rest.values.size() == 9);
  for (std::size_t m = 0; m < 9; ++m) {
    CHECK(sorted[static_cast<std::size_t>(rest.merges[2 * m])] == whole.merges[2 * (m + 50)]);
    CHECK(sorted[static_cast<std::size_t>(rest.merges[2 * m + 1])] == whole.merges[2 * (m + 50) + 1]);
    CHECK(rest.values[m] == doctest::Approx(whole.values[m + 50]).epsilon(1e-10));
  }
}

TEST_CASE("wrong arguments of a tree are named, and a callback stops it") {
  auto p = make_problem(10, 2, 2);
  CHECK_THROWS_WITH_AS(merge_criterion_from_string("VVE"), doctest::Contains("VVV, EEE"), InvalidArgument);
  CHECK(merge_criterion_from_string("EEE") == MergeCriterion::EEE);
  HierarchicalOptions options;
  int n_merges = 0;
  options.on_merge = [&] {
    if (++n_merges == 3) throw std::runtime_error("enough");
  };
  CHECK_THROWS_WITH(hierarchical_clustering(p.view().x, MergeCriterion::VVV, {}, options), "enough");
  const MatrixView<const double> none(p.rows.data(), 0, 2);
  CHECK_THROWS_WITH_AS(hierarchical_clustering(none, MergeCriterion::VVV, {}, {}), doctest::Contains("(0, 2)"),
                       InvalidArgument);
  p.rows[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(tree_of(p, MergeCriterion::EEE), doctest::Contains("rows(1, 1) is nan"), InvalidArgument);
}
