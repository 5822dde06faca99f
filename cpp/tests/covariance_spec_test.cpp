// A covariance model with its parameters, where models are asked for.
#include <doctest/doctest.h>

#include "covariance/model.hpp"
#include "problem.hpp"

using namespace gmmx;
using namespace gmmx::testing;

TEST_CASE("a mixture keeps the specification of its covariances") {
  const auto p = make_problem(60, 2, 2);
  for (const CovarianceType type : models()) {
    const Mixture mixture = p.mixture(type);
    CHECK(mixture.covariance_spec().type == type);
    CHECK(mixture.covariance_spec().n_factors == 0);
    CHECK(factor_shape(type, 3, 2) == covariance_shape(type, 3, 2));
  }
}

TEST_CASE("models without factors refuse a number of them") {
  const CovarianceSpec spec(CovarianceType::diag, 2);
  const auto p = make_problem(60, 2, 2);
  const SufficientStatistics s = e_step(p.view(), p.mixture(CovarianceType::diag));
  const auto message = doctest::Contains("n_factors is 2, but covariances of type 'diag' have no factors");
  CHECK_THROWS_WITH_AS(covariance_shape(spec, 2, 2), message, InvalidArgument);
  CHECK_THROWS_WITH_AS(factor_shape(spec, 2, 2), message, InvalidArgument);
  CHECK_THROWS_WITH_AS(n_parameters(spec, 2, 2), message, InvalidArgument);
  CHECK_THROWS_WITH_AS(Mixture(spec, 1, {1}, {0}, {1}), message, InvalidArgument);
  CHECK_THROWS_WITH_AS(m_step(s, spec), message, InvalidArgument);
  FitOptions options;
  options.covariance = spec;
  CHECK_THROWS_WITH_AS(fit(p.view(), options), message, InvalidArgument);
}

TEST_CASE("tying components and being constrained are told apart") {
  CHECK(!model_of(CovarianceType::full).ties_components());
  CHECK(!model_of(CovarianceType::full).is_constrained());
  CHECK(model_of(CovarianceType::tied).ties_components());
  CHECK(!model_of(CovarianceType::tied).is_constrained());
  CHECK(model_of(CovarianceType::VEE).ties_components());
  CHECK(model_of(CovarianceType::VEE).is_constrained());
}
