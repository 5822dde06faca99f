// The parsimonious covariance models: what their M-steps return, how they decompose, and the prior.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;
using gmmx::testing::models;
using gmmx::testing::run_em;
using gmmx::testing::Settings;

namespace {

SufficientStatistics full_statistics(const testing::Problem& p) {
  return statistics_from_labels(p.view(), p.label_view(), p.k, SecondMoments::full, 1);
}

// sum_k N_k (log |Sigma_k| + tr(Sigma_k^-1 W_k / N_k)), by densities: -2 Q up to constants.
double loss(const testing::Problem& p, const Mixture& mixture) {
  std::vector<double> log_densities(static_cast<std::size_t>(p.n * p.k));
  component_log_densities(p.view(), mixture, MatrixView<double>(log_densities.data(), p.n, p.k), 1);
  double sum = 0;
  for (Index i = 0; i < p.n; ++i) {
    sum -= 2 * log_densities[static_cast<std::size_t>(i * p.k + p.labels[static_cast<std::size_t>(i)])];
  }
  return sum;
}

bool all_equal(const std::vector<double>& numbers, std::size_t parts) {
  const std::size_t size = numbers.size() / parts;
  for (std::size_t i = size; i < numbers.size(); ++i) {
    if (std::abs(numbers[i] - numbers[i % size]) > 1e-9) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("letters say what components have in common") {
  const auto p = make_problem(300, 3, 3);
  for (const CovarianceType type : models()) {
    const std::string name = to_string(type);
    if (name.size() != 3) continue;
    CAPTURE(name);
    const Decomposition parts = decompose(p.mixture(type));
    CHECK(all_equal(parts.volumes, 3) == (name[0] == 'E'));
    CHECK(all_equal(parts.shapes, 3) == (name[1] != 'V'));
    CHECK(all_equal(parts.orientations, 3) == (name[2] != 'V'));
  }
}

TEST_CASE("volumes, shapes and orientations make the covariances") {
  const auto p = make_problem(200, 4, 2);
  for (const CovarianceType type : models()) {
    CAPTURE(to_string(type));
    const Mixture mixture = p.mixture(type);
    const Decomposition parts = decompose(mixture);
    std::vector<double> matrices(32, 0.0);  // two of 4 x 4
    for (std::size_t k = 0; k < 2; ++k) {
      for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
          for (std::size_t a = 0; a < 4; ++a) {
            matrices[(k * 4 + i) * 4 + j] += parts.volumes[k] * parts.orientations[(k * 4 + i) * 4 + a] *
                                             parts.shapes[k * 4 + a] * parts.orientations[(k * 4 + j) * 4 + a];
          }
        }
      }
    }
    // The model's covariances nearest to its own are these.
    const std::vector<double> again = nearest_covariances(type, 2, 4, matrices);
    REQUIRE(again.size() == mixture.covariances().size());
    for (std::size_t i = 0; i < again.size(); ++i) CHECK(again[i] == doctest::Approx(mixture.covariances()[i]));
  }
}

TEST_CASE("a model of more freedom is never worse") {
  const auto p = make_problem(200, 4, 3);
  const SufficientStatistics statistics = full_statistics(p);
  const auto loss_of = [&](CovarianceType type) { return loss(p, m_step(statistics, type)); };
  using T = CovarianceType;
  const std::vector<std::pair<T, T>> nested = {
      {T::EII, T::VII}, {T::EII, T::EEI}, {T::EEI, T::VEI}, {T::EEI, T::EVI}, {T::VEI, T::VVI}, {T::EVI, T::VVI},
      {T::EEI, T::EEE}, {T::EEE, T::VEE}, {T::EEE, T::EVE}, {T::VEE, T::VVE}, {T::EVE, T::VVE}, {T::EVI, T::EVE},
      {T::VVI, T::VVE}, {T::EEE, T::EEV}, {T::VEE, T::VEV}, {T::EVE, T::EVV}, {T::VVE, T::VVV}, {T::EEV, T::VEV},
      {T::EEV, T::EVV}, {T::VEV, T::VVV}, {T::EVV, T::VVV}};
  for (const auto& pair : nested) {
    const auto less = pair.first, more = pair.second;
    CAPTURE(to_string(less));
    CAPTURE(to_string(more));
    CHECK(loss_of(more) <= loss_of(less) + 1e-9);
  }
}

TEST_CASE("a search that begins at the last mixture loses nothing") {
  const auto p = make_problem(300, 5, 3);
  for (const CovarianceType type : {CovarianceType::EVE, CovarianceType::VVE}) {
    const SufficientStatistics statistics = full_statistics(p);
    const auto other = make_problem(300, 5, 3, 2);
    const Mixture previous(type, 5, p.mixture(type).weights(), m_step(statistics, type).means(),
                           other.mixture(type).covariances());
    CHECK(loss(p, m_step(statistics, previous)) <= loss(p, previous));
  }
  const auto small = make_problem(30, 2, 2);
  CHECK_THROWS_WITH_AS(m_step(full_statistics(p), small.mixture(CovarianceType::VVE)),
                       doctest::Contains("previous has 2 components and 2 features"), InvalidArgument);
}

TEST_CASE("E and V are of one feature") {
  const auto one = make_problem(60, 1, 2);
  CHECK(one.mixture(CovarianceType::E).covariances() == one.mixture(CovarianceType::EII).covariances());
  CHECK(one.mixture(CovarianceType::V).covariances() == one.mixture(CovarianceType::VII).covariances());
  CHECK_THROWS_WITH_AS(make_problem(60, 2, 2).mixture(CovarianceType::V), doctest::Contains("use 'EII' or 'VII'"),
                       InvalidArgument);
}

TEST_CASE("what all share collapses for all") {
  auto p = make_problem(30, 2, 2);
  for (std::size_t i = 0; i < p.rows.size(); i += 2) p.rows[i] = 1.0;  // a feature that does not vary
  using T = CovarianceType;
  for (const T type : {T::EEI, T::VEI, T::EEE, T::VEE, T::EEV, T::VEV}) {
    CAPTURE(to_string(type));
    CHECK_THROWS_AS(p.mixture(type, 0.0), CollapsedComponent);
  }
  for (const T type : {T::EVI, T::VVI, T::EVE, T::VVE, T::EVV, T::VVV}) {
    CAPTURE(to_string(type));
    CHECK_THROWS_AS(p.mixture(type, 0.0), CollapsedComponent);
  }
}

TEST_CASE("a prior counts as rows with scatter") {
  const auto p = make_problem(10, 2, 1);
  const SufficientStatistics statistics = full_statistics(p);
  const ConjugatePrior prior{0.5, {1.0, 2.0}, 4.0, {2.0, 0.3, 0.3, 1.0}};
  const Mixture plain = m_step(statistics, CovarianceType::VVV);
  const Mixture mode = m_step(statistics, CovarianceType::VVV, 0.0, prior);
  // F(raley) & R(aftery) 2007: (scale + W + kappa n / (kappa + n) (mean - prior)(mean - prior)^T) / (dof + d + 2 + n)
  const double n = 10, kappa = 0.5;
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(mode.means()[i] == doctest::Approx((n * plain.means()[i] + kappa * prior.mean[i]) / (n + kappa)));
    for (std::size_t j = 0; j < 2; ++j) {
      const double between = (plain.means()[i] - prior.mean[i]) * (plain.means()[j] - prior.mean[j]);
      const double scatter = n * plain.covariances()[2 * i + j] + kappa * n / (kappa + n) * between;
      CHECK(mode.covariances()[2 * i + j] == doctest::Approx((prior.scale[2 * i + j] + scatter) / (4 + 2 + 2 + n)));
    }
  }
  for (const CovarianceType type : models()) CHECK_NOTHROW(m_step(statistics, type, 0.0, prior));
}

TEST_CASE("a prior that is none is refused") {
  const ConjugatePrior good{0.5, {1.0, 2.0}, 4.0, {2.0, 0.3, 0.3, 1.0}};
  CHECK_NOTHROW(check_prior(good, 2));
  const auto refused = [&](auto change, const char* why) {
    ConjugatePrior prior = good;
    change(prior);
    CHECK_THROWS_WITH_AS(check_prior(prior, 2), doctest::Contains(why), InvalidArgument);
  };
  refused([](ConjugatePrior& prior) { prior.shrinkage = -1; }, "shrinkage is -1");
  refused([](ConjugatePrior& prior) { prior.dof = 1; }, "dof is 1, but must be finite and more than 1");
  refused([](ConjugatePrior& prior) { prior.mean.pop_back(); }, "mean has 1 numbers, but must have 2");
  refused([](ConjugatePrior& prior) { prior.scale[0] = NAN; }, "scale holds NaN");
  refused([](ConjugatePrior& prior) { prior.scale[1] = 9; }, "not symmetric and positive semidefinite");
  refused([](ConjugatePrior& prior) { prior.scale[1] = prior.scale[2] = 9; },
          "not symmetric and positive semidefinite");
  Settings options;
  options.prior = good;
  options.acceleration = Acceleration::squarem;
  const auto p = make_problem(30, 2, 2);
  CHECK_THROWS_WITH_AS(run_em(p.view(), p.mixture(CovarianceType::full), options),
                       doctest::Contains("there is a prior"), InvalidArgument);
}
