#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;

namespace {
const double not_a_number = std::numeric_limits<double>::quiet_NaN();
}

TEST_CASE("a mixture checks what it is made of") {
  const auto make = [](std::vector<double> weights, std::vector<double> means, std::vector<double> covariances,
                       std::vector<double> factors = {}) {
    return Mixture(CovarianceType::full, 2, std::move(weights), std::move(means), std::move(covariances),
                   std::move(factors));
  };
  const std::vector<double> unit{1, 0, 0, 1};
  CHECK_NOTHROW(make({1}, {0, 0}, unit));
  CHECK_THROWS_WITH_AS(make({0.9}, {0, 0}, unit), doctest::Contains("sum to 1"), InvalidArgument);
  CHECK_THROWS_WITH_AS(make({-1, 2}, {0, 0, 0, 0}, unit), doctest::Contains("non-negative"), InvalidArgument);
  CHECK_THROWS_WITH_AS(make({1}, {0, not_a_number}, unit), doctest::Contains("means"), InvalidArgument);
  CHECK_THROWS_WITH_AS(make({1}, {0, 0}, {1, 0, 0}), doctest::Contains("(1, 2, 2)"), InvalidArgument);
  CHECK_THROWS_WITH_AS(make({1}, {0, 0}, {1, 0.5, -0.5, 1}), doctest::Contains("symmetric"), InvalidArgument);
  CHECK_THROWS_AS(make({1}, {0, 0}, {1, 2, 2, 1}), CollapsedComponent);
  CHECK_THROWS_WITH_AS(make({1}, {0, 0}, {}), doctest::Contains("neither"), InvalidArgument);
  CHECK_THROWS_WITH_AS(make({1}, {0, 0}, {}, {1, 0, 1, 1}), doctest::Contains("triangular"), InvalidArgument);
  CHECK_THROWS_WITH_AS(make({1}, {0, 0}, {}, {1, 0, 0, -1}), doctest::Contains("diagonal"), InvalidArgument);
  CHECK_THROWS_WITH_AS(covariance_type_from_string("ful"), doctest::Contains("'full', 'tied'"), InvalidArgument);
}

TEST_CASE("covariances and factors belong together whichever is given") {
  const auto p = make_problem(500, 3, 2);
  for (const CovarianceType type : gmmx::testing::models()) {
    const Mixture mixture = p.mixture(type);
    const Mixture again(type, 3, mixture.weights(), mixture.means(), {}, mixture.precisions_cholesky());
    for (std::size_t i = 0; i < mixture.covariances().size(); ++i) {
      CHECK(again.covariances()[i] == doctest::Approx(mixture.covariances()[i]).epsilon(1e-12));
    }
    CHECK(again.fingerprint() == mixture.fingerprint());
    CHECK(p.mixture(type, 1e-3).fingerprint() != mixture.fingerprint());
  }
}

TEST_CASE("densities: one standard normal") {
  const Mixture standard(CovarianceType::spherical, 1, {1}, {0}, {1});
  const std::vector<double> x{0, 1, -2};
  constexpr double half_log_2_pi = 0.91893853320467274178;
  std::vector<double> out(3);
  score_samples(Rows(MatrixView<const double>(x.data(), 3, 1)), standard, VectorView<double>(out.data(), 3));
  for (std::size_t i = 0; i < 3; ++i) CHECK(out[i] == doctest::Approx(-half_log_2_pi - 0.5 * x[i] * x[i]));
}

TEST_CASE("strides of any kind are views of the same rows") {
  const auto p = make_problem(300, 3, 2);
  std::vector<double> fortran(p.rows.size());
  for (Index n = 0; n < p.n; ++n) {
    for (Index j = 0; j < p.d; ++j) fortran[static_cast<std::size_t>(j * p.n + n)] = p.view().x(n, j);
  }
  std::vector<double> backwards(p.rows.rbegin(), p.rows.rend());
  const Mixture mixture = p.mixture(CovarianceType::full);
  const std::string expected = e_step(p.view(), mixture).to_bytes();
  CHECK(e_step(Rows(MatrixView<const double>(fortran.data(), p.n, p.d, 1, p.n)), mixture).to_bytes() == expected);
  CHECK(e_step(Rows(MatrixView<const double>(&backwards.back(), p.n, p.d, -p.d, -1)), mixture).to_bytes() == expected);
}

TEST_CASE("no rows at all") {
  const Mixture mixture(CovarianceType::diag, 2, {1}, {0, 0}, {1, 1});
  const Rows<double> nothing = MatrixView<const double>(nullptr, 0, 2);
  const SufficientStatistics s = e_step(nothing, mixture);
  CHECK(s.n_samples == 0);
  CHECK(log_likelihood(nothing, mixture) == 0);
  CHECK_THROWS_WITH_AS(m_step(s, CovarianceType::diag), doctest::Contains("0 rows"), InvalidArgument);
}

TEST_CASE("statistics whose fields do not fit each other are refused") {
  const auto p = make_problem(60, 2, 2);
  const SufficientStatistics whole = e_step(p.view(), p.mixture(CovarianceType::full));
  const auto message = [&](auto change) {
    SufficientStatistics broken = whole;
    change(broken);
    try {
      m_step(broken, CovarianceType::full);
    } catch (const InvalidArgument& error) {
      CHECK_THROWS_AS(broken += whole, InvalidArgument);
      CHECK_THROWS_AS(broken.move_to(whole.shifts), InvalidArgument);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message([](auto& s) { s.n_components = 5; }).find("use the result of e_step()") != std::string::npos);
  CHECK(message([](auto& s) { s.second_moments.clear(); }).find("second_moments have 2, 4, 4 and 0 numbers") !=
        std::string::npos);
  CHECK(message([](auto& s) { s.n_features = -1; }) == "n_features of statistics is -1, but must be at least 1");
  CHECK_THROWS_AS(SufficientStatistics(SecondMoments::full, -1, 2, {}), InvalidArgument);
}
