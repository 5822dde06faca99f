#include "em/acceleration.hpp"

#include <doctest/doctest.h>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;
using gmmx::testing::run_em;
using gmmx::testing::Settings;

TEST_CASE("mixtures and their coordinates are worth the same, for every covariance type") {
  const auto p = make_problem(600, 3, 3);
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const Mixture origin = p.mixture(type);
    const Mixture other = m_step(e_step(p.weighted(), p.mixture(type, 0.5)), type, 0.3);
    const Coordinates coordinates(origin);
    CHECK(coordinates.of(origin)->norm() < 1e-12);
    const auto numbers = coordinates.of(other);
    REQUIRE(numbers);
    CHECK(numbers->norm() > 1e-3);
    const auto back = coordinates.mixture_at(*numbers, 0);
    REQUIRE(back);
    const auto compare = [](const std::vector<double>& a, const std::vector<double>& b) {
      REQUIRE(a.size() == b.size());
      for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-10));
    };
    compare(back->weights(), other.weights());
    compare(back->means(), other.means());
    compare(back->covariances(), other.covariances());
    CHECK_FALSE(coordinates.mixture_at(*numbers, 1e3));  // variances below the floor
    Vector<double> broken = *numbers;
    broken(0) = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(coordinates.mixture_at(broken, 0));
    broken.setConstant(1e4);
    CHECK_FALSE(coordinates.mixture_at(broken, 0));
  }
}

TEST_CASE("a component without weight has no coordinates") {
  const Mixture whole(CovarianceType::spherical, 1, {0.5, 0.5}, {0, 1}, {1, 1});
  const Mixture lost(CovarianceType::spherical, 1, {1, 0}, {0, 1}, {1, 1});
  CHECK_FALSE(Coordinates(whole).of(lost));
  CHECK_FALSE(Coordinates(lost).of(whole));
}

namespace {

// x -> limit + rates (x - limit), from a start, relative to the last image.
Trail linear_trail(const Vector<double>& rates, const Vector<double>& start, Index length) {
  Trail trail{Matrix<double>(start.size(), length), Matrix<double>(start.size(), length)};
  Vector<double> x = start;
  for (Index i = 0; i < length; ++i) {
    trail.points.col(i) = x;
    x = rates.cwiseProduct(x);
    trail.images.col(i) = x;
  }
  trail.points.colwise() -= x;
  trail.images.colwise() -= x;
  return trail;
}

}  // namespace

TEST_CASE("Anderson's method ends a linear sequence, of whatever rates, in one jump") {
  const Vector<double> rates{{0.95, 0.7, 0.4}};
  const Vector<double> start{{1.0, 0.05, 0.01}};
  const Trail trail = linear_trail(rates, start, 4);
  const auto jump = anderson_jump(trail);
  REQUIRE(jump);
  const Vector<double> to_limit = -(rates.array().pow(4) * start.array()).matrix();
  CHECK((*jump - to_limit).norm() < 1e-8 * to_limit.norm());
}

TEST_CASE("SQUAREM ends a sequence of one rate in one jump, and needs two steps in a row") {
  const Vector<double> rates{{0.9, 0.9}};
  Trail trail = linear_trail(rates, Vector<double>{{1.0, 2.0}}, 2);
  const auto jump = squarem_jump(trail);
  REQUIRE(jump);
  CHECK((*jump - trail.images.col(1) + 0.81 * Vector<double>{{1.0, 2.0}}).norm() < 1e-12);
  trail.images(0, 0) += 1e-3;
  CHECK_FALSE(squarem_jump(trail));
}

TEST_CASE("no jump goes downhill, and rounding noise makes none") {
  // The newest steps alternate: the combination that cancels them leads back.
  const Trail trail = linear_trail(Vector<double>{{-0.9}}, Vector<double>{{1.0}}, 2);
  CHECK_FALSE(anderson_jump(trail));
  const Trail still{Matrix<double>::Zero(3, 4), Matrix<double>::Zero(3, 4)};
  CHECK_FALSE(anderson_jump(still));
  CHECK_FALSE(squarem_jump(still));
}

TEST_CASE("jumps that fail become rarer and shorter") {
  const auto p = make_problem(600, 2, 2);
  const Mixture a = p.mixture(CovarianceType::full, 1e-3);
  const Mixture b = p.mixture(CovarianceType::full, 9e-4);
  const Mixture c = p.mixture(CovarianceType::full, 8.2e-4);
  Accelerator accelerator(extrapolation_of(Acceleration::squarem));
  CHECK_FALSE(accelerator.propose(a, b, 0, 1));  // nothing is known of EM's pace
  accelerator.stepped(1e-4);
  CHECK(accelerator.propose(b, c, 0, 2));
  for (int i = 0; i < 3; ++i) accelerator.rejected();
  CHECK_FALSE(accelerator.propose(b, c, 0, 4));  // three failures in four passes are too many
  accelerator.accepted(1e-5);
  accelerator.propose(a, b, 0, 99);
  accelerator.stepped(1e-5);
  CHECK(accelerator.propose(b, c, 0, 100));
  Accelerator none(extrapolation_of(Acceleration::none));
  none.stepped(1e-4);
  CHECK_FALSE(none.propose(a, b, 0, 1));
  CHECK_FALSE(none.propose(b, c, 0, 2));
}

TEST_CASE("accelerated EM never loses likelihood, whatever the number of threads") {
  const auto p = make_problem(900, 2, 4);
  for (const CovarianceType type : gmmx::testing::models()) {
    for (const Acceleration acceleration : {Acceleration::anderson, Acceleration::squarem}) {
      CAPTURE(to_string(type));
      Settings options;
      options.reg_covar = 0;
      options.tol = 1e-9;
      options.max_iter = 1000;
      options.acceleration = acceleration;
      const EMResult fit = run_em(p.weighted(), p.mixture(type, 4.0), options);
      for (std::size_t i = 1; i < fit.mean_log_likelihoods.size(); ++i) {
        CHECK(fit.mean_log_likelihoods[i] >= fit.mean_log_likelihoods[i - 1] - 1e-12);
      }
      CHECK(fit.converged);
      options.n_threads = 3;
      const EMResult again = run_em(p.weighted(), p.mixture(type, 4.0), options);
      CHECK(again.mean_log_likelihoods == fit.mean_log_likelihoods);
    }
  }
}

TEST_CASE("accelerations have names") {
  CHECK(acceleration_from_string("none") == Acceleration::none);
  CHECK(acceleration_from_string("squarem") == Acceleration::squarem);
  CHECK_THROWS_WITH_AS(acceleration_from_string("fast"), doctest::Contains("'fast'"), InvalidArgument);
}
