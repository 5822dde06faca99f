#include "gmmx/many.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::as_float;
using gmmx::testing::make_problem;
using gmmx::testing::Problem;

namespace {

constexpr Index n_components = 3;

std::vector<Problem> problems() {
  std::vector<Problem> made;
  for (unsigned seed = 1; seed <= 7; ++seed) made.push_back(make_problem(40 + 10 * seed, 2, 3, seed));
  return made;
}

std::vector<AnyRows> views(const std::vector<Problem>& data) {
  std::vector<AnyRows> rows;
  rows.reserve(data.size());
  for (const Problem& p : data) rows.emplace_back(p.view());
  return rows;
}

ManyFits asked_for(CovarianceType type = CovarianceType::full, Index n_init = 1) {
  ManyFits fits;
  fits.n_components = n_components;
  fits.covariance = type;
  fits.n_init = n_init;
  return fits;
}

std::vector<double> numbers_for(Index n_restarts) {
  std::vector<double> numbers(static_cast<std::size_t>(n_restarts * kmeans_draws(n_components)));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i * 37 % 101) / 101;
  return numbers;
}

MatrixView<const double> lines_of(const std::vector<double>& numbers) {
  const Index draws = kmeans_draws(n_components);
  return {numbers.data(), static_cast<Index>(numbers.size()) / draws, draws};
}

}  // namespace

TEST_CASE("many fits are those of each, on any number of threads") {
  const auto data = problems();
  const auto numbers = numbers_for(1);
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const ManyFits fits = asked_for(type);
    const auto one = sound_fits(views(data), fits, lines_of(numbers), 1);
    const auto three = sound_fits(views(data), fits, lines_of(numbers), 3);
    for (std::size_t i = 0; i < data.size(); ++i) {
      const auto alone =
          em_from_kmeans(data[i].view(), n_components, type, lines_of(numbers), fits.likelihood, fits.em, 1);
      REQUIRE(one[i].has_value() == three[i].has_value());
      if (!one[i]) continue;
      CHECK(one[i]->result.mixture.means() == alone[0].fit->mixture.means());
      CHECK(three[i]->result.mixture.means() == alone[0].fit->mixture.means());
      CHECK(three[i]->result.mean_log_likelihoods == alone[0].fit->mean_log_likelihoods);
      CHECK(three[i]->log_likelihood == log_likelihood(data[i].view(), alone[0].fit->mixture));
    }
    CHECK(one[0]);
  }
}

TEST_CASE("the best restart is kept, and each data set may have numbers of its own") {
  const auto data = problems();
  const auto n = static_cast<Index>(data.size());
  const auto numbers = numbers_for(18 * n);
  const auto fits = sound_fits(views(data), asked_for(CovarianceType::full, 18), lines_of(numbers), 2);
  for (Index i = 0; i < n; ++i) {
    const auto& rows = data[static_cast<std::size_t>(i)];
    const MatrixView<const double> own(&lines_of(numbers)(18 * i, 0), 18, kmeans_draws(n_components));
    double best = -std::numeric_limits<double>::infinity();
    for (const StartOutcome& start :
         em_from_kmeans(rows.view(), n_components, CovarianceType::full, own, MaximumLikelihood(), EMOptions(), 1)) {
      if (start.fit) best = std::max(best, start.fit->mean_log_likelihoods.back());
    }
    const auto& fit = fits[static_cast<std::size_t>(i)];
    if (fit) CHECK(fit->result.mean_log_likelihoods.back() == doctest::Approx(best).epsilon(1e-12));
  }
  CHECK(fits[0]);
}

TEST_CASE("of rows of float the mixture is rounded for the log-likelihood") {
  const auto p = make_problem(60, 2, 3);
  const std::vector<float> rows = as_float(p.rows);
  const Rows<float> view = MatrixView<const float>(rows.data(), p.n, p.d);
  const auto fits = sound_fits({view}, asked_for(), lines_of(numbers_for(1)), 1);
  REQUIRE(fits[0]);
  CHECK(fits[0]->log_likelihood != log_likelihood(view, fits[0]->result.mixture));
  CHECK(fits[0]->log_likelihood == doctest::Approx(log_likelihood(view, fits[0]->result.mixture)).epsilon(1e-5));
}

TEST_CASE("what needs attention is left out") {
  const auto sound = make_problem(60, 2, 3);
  const auto numbers = numbers_for(1);
  const auto is_fitted = [&](const Rows<double>& rows, const ManyFits& fits = asked_for()) {
    return sound_fits({rows}, fits, lines_of(numbers), 1)[0].has_value();
  };
  CHECK(is_fitted(sound.view()));
  CHECK(is_fitted(sound.weighted()));

  auto p = sound;
  SUBCASE("a number that is not finite") { p.rows[7] = std::numeric_limits<double>::quiet_NaN(); }
  SUBCASE("a constant column") {
    for (Index i = 0; i < p.n; ++i) p.rows[static_cast<std::size_t>(2 * i + 1)] = 3;
  }
  SUBCASE("a row far away") { p.rows[8] = 1e20; }
  SUBCASE("a column that depends on another") {
    for (Index i = 0; i < p.n; ++i) {
      p.rows[static_cast<std::size_t>(2 * i + 1)] = 3 - 2 * p.rows[static_cast<std::size_t>(2 * i)];
    }
  }
  SUBCASE("fewer rows than components") { p.n = 2; }
  SUBCASE("no rows") { p.n = 0; }
  CHECK(is_fitted(p.view()) == (p.n == sound.n && p.rows == sound.rows));

  auto weights = sound.weights;
  SUBCASE("a negative weight") { weights[3] = -1; }
  SUBCASE("no weight") { weights.assign(weights.size(), 0); }
  SUBCASE("huge weights") { weights[3] = 1e300; }
  SUBCASE("weights of few rows") {
    weights.assign(weights.size(), 0);
    weights[0] = weights[1] = 1;
  }
  const VectorView<const double> view(weights.data(), sound.n);
  CHECK(is_fitted({sound.view().x, view}) == (weights == sound.weights));

  ManyFits diagonal = asked_for(CovarianceType::diag);
  diagonal.dependent_columns_matter = false;
  auto line = sound;
  for (Index i = 0; i < p.n; ++i)
    line.rows[static_cast<std::size_t>(2 * i + 1)] = 3 - 2 * line.rows[static_cast<std::size_t>(2 * i)];
  CHECK(is_fitted(line.view(), diagonal));
}

TEST_CASE("many fits refuse numbers of another shape, and end where the caller's check throws") {
  const auto data = problems();
  const auto numbers = numbers_for(2);
  CHECK(sound_fits({}, asked_for(), lines_of(numbers), 1).empty());
  CHECK_THROWS_WITH_AS(sound_fits(views(data), asked_for(), lines_of(numbers), 1),
                       doctest::Contains("for each of 1 restarts, or of 7"), InvalidArgument);
  ManyFits endless = asked_for();
  endless.em.max_iter = 0;
  CHECK_THROWS_WITH_AS(sound_fits(views(data), endless, lines_of(numbers_for(1)), 1), doctest::Contains("max_iter 0"),
                       InvalidArgument);
  endless.em.max_iter = std::numeric_limits<int>::max();
  endless.em.tol = 0;
  for (const int n_threads : {1, 2}) {
    const auto caller = std::this_thread::get_id();
    bool called_elsewhere = false;
    int n_calls = 0;
    endless.em.check_interrupt = [&] {
      called_elsewhere = called_elsewhere || std::this_thread::get_id() != caller;
      if (++n_calls == 20) throw std::runtime_error("enough");
    };
    CHECK_THROWS_WITH(sound_fits(views(data), endless, lines_of(numbers_for(1)), n_threads), "enough");
    CHECK(n_calls == 20);
    CHECK_FALSE(called_elsewhere);
  }
}
