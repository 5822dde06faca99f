// A number that is not an enumerator is refused by every function that takes one.
#include <doctest/doctest.h>

#include <type_traits>
#include <vector>

#include "gmmx/fit.hpp"
#include "gmmx/hierarchical.hpp"
#include "gmmx/restarts.hpp"
#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;
using gmmx::testing::run_em;
using gmmx::testing::Settings;

namespace {

// What a cast, a file or another language may come up with.
template <class Enum>
constexpr Enum unknown = static_cast<Enum>(99);

}  // namespace

TEST_CASE_TEMPLATE("numbers that are not enumerators are refused", Number, std::integral_constant<int, 99>,
                   std::integral_constant<int, -1>) {
  const auto type = static_cast<CovarianceType>(Number::value);
  const auto p = make_problem(30, 2, 2);
  const SufficientStatistics s = e_step(p.view(), p.mixture(CovarianceType::full));
  const std::vector<double> uniforms(static_cast<std::size_t>(kmeans_draws(2)), 0.5);
  const MatrixView<const double> draws(uniforms.data(), 1, kmeans_draws(2));
  CHECK_THROWS_WITH_AS(to_string(type), doctest::Contains("CovarianceType is the number"), InvalidArgument);
  CHECK_THROWS_AS(covariance_shape(type, 2, 2), InvalidArgument);
  CHECK_THROWS_AS(n_parameters(type, 2, 2), InvalidArgument);
  CHECK_THROWS_AS(second_moment_form(type), InvalidArgument);
  CHECK_THROWS_AS(Mixture(type, 1, {1}, {0}, {1}), InvalidArgument);
  CHECK_THROWS_AS(m_step(s, type), InvalidArgument);
  CHECK_THROWS_AS(nearest_covariances(type, 1, 1, {1}), InvalidArgument);
  CHECK_THROWS_AS(starts_per_pass(type, 2), InvalidArgument);
  CHECK_THROWS_AS(plan_starts({1000000, 2, 2, type}, 2, false), InvalidArgument);
  CHECK_THROWS_AS(em_from_kmeans(p.view(), 2, type, draws, MaximumLikelihood(), EMOptions(), 1), InvalidArgument);
  FitOptions options;
  options.n_components = 2;
  options.covariance = type;
  CHECK_THROWS_AS(fit(p.view(), options), InvalidArgument);
}

TEST_CASE("unknown forms of second moments are refused") {
  const auto p = make_problem(30, 2, 2);
  const auto form = unknown<SecondMoments>;
  CHECK_THROWS_WITH_AS(to_string(form), doctest::Contains("SecondMoments is the number 99"), InvalidArgument);
  CHECK_THROWS_AS(SufficientStatistics(form, 1, 1, {0}), InvalidArgument);
  CHECK_THROWS_AS(statistics_from_labels(p.view(), p.label_view(), 2, form, 1), InvalidArgument);
  const std::vector<double> ones(30, 1.0);
  CHECK_THROWS_AS(statistics_from_responsibilities(p.view(), MatrixView<const double>(ones.data(), 30, 1), form, 1),
                  InvalidArgument);
  SufficientStatistics s = e_step(p.view(), p.mixture(CovarianceType::full));
  s.form = form;
  CHECK_THROWS_AS(s += s, InvalidArgument);
  CHECK_THROWS_AS(s.move_to(s.shifts), InvalidArgument);
  CHECK_THROWS_AS(s.rescale(2), InvalidArgument);
  CHECK_THROWS_AS(s.raise_counts(0.1), InvalidArgument);
  CHECK_THROWS_AS(s.to_bytes(), InvalidArgument);
  CHECK_THROWS_AS(blend(s, s, 0.5), InvalidArgument);
  CHECK_THROWS_AS(m_step(s, CovarianceType::full), InvalidArgument);
}

TEST_CASE("unknown accelerations and merge criteria are refused") {
  const auto p = make_problem(30, 2, 2);
  Settings em_options;
  em_options.acceleration = unknown<Acceleration>;
  CHECK_THROWS_WITH_AS(run_em(p.view(), p.mixture(CovarianceType::full), em_options),
                       doctest::Contains("Acceleration is the number 99"), InvalidArgument);
  FitOptions options;
  options.acceleration = unknown<Acceleration>;
  CHECK_THROWS_AS(fit(p.view(), options), InvalidArgument);
  CHECK_THROWS_WITH_AS(to_string(unknown<MergeCriterion>), doctest::Contains("MergeCriterion is the number 99"),
                       InvalidArgument);
  CHECK_THROWS_AS(hierarchical_clustering(p.view().x, unknown<MergeCriterion>, {}, {}), InvalidArgument);
}
