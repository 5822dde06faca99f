#include "gmmx/fit.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::as_float;
using gmmx::testing::make_problem;
using gmmx::testing::run_em;
using gmmx::testing::Settings;

namespace {

FitOptions options_for(Index n_components, CovarianceType type = CovarianceType::full) {
  FitOptions options;
  options.n_components = n_components;
  options.covariance = type;
  return options;
}

template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a fit is k-means, then EM to convergence") {
  const auto p = make_problem(400, 2, 3);
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    FitOptions options = options_for(3, type);
    const FitResult result = fit(p.view(), options);
    CHECK(result.converged);
    CHECK_FALSE(result.stopped);
    CHECK(result.n_iter() > 1);
    CHECK(result.failed_starts.empty());
    using T = CovarianceType;
    const bool is_diagonalised = type == T::VEE || type == T::EVE || type == T::VVE;
    CHECK(result.kernel == (is_diagonalised ? "diagonalised" : "features"));
    for (std::size_t i = 1; i < result.mean_log_likelihoods.size(); ++i) {
      CHECK(result.mean_log_likelihoods[i] >= result.mean_log_likelihoods[i - 1] - 1e-12);
    }
    CHECK(result.log_likelihood == doctest::Approx(log_likelihood(p.view(), result.mixture)));
    // EM goes on from where it ended without moving much.
    Settings em_options;
    em_options.max_iter = 1;
    const EMResult again = run_em(p.view(), result.mixture, em_options);
    CHECK(again.mean_log_likelihoods[0] == doctest::Approx(result.mean_log_likelihoods.back()).epsilon(1e-3));
  }
}

TEST_CASE("the seed decides, and neither threads nor the way the starts go through the rows") {
  for (const Index n : {300, 60'000}) {
    const auto p = make_problem(n, 3, 4);
    FitOptions options = options_for(4);
    options.n_init = 5;
    options.seed = 7;
    const FitResult one = fit(p.weighted(), options);
    options.n_threads = 3;
    const FitResult several = fit(p.weighted(), options);
    CHECK(one.mixture.fingerprint() == several.mixture.fingerprint());
    CHECK(one.mean_log_likelihoods == several.mean_log_likelihoods);
    int n_calls = 0;
    options.callback = [&](const IterationSummary& summary) {
      CHECK(summary.start < 5);
      ++n_calls;
      return false;
    };
    const FitResult watched = fit(p.weighted(), options);
    CHECK(n_calls >= one.n_iter());
    CHECK(watched.mean_log_likelihoods.back() == doctest::Approx(one.mean_log_likelihoods.back()).epsilon(1e-9));
  }
}

TEST_CASE("several starts are not worse than the first of them") {
  const auto p = make_problem(500, 2, 8);
  FitOptions options = options_for(8);
  const FitResult single = fit(p.view(), options);
  options.n_init = 10;
  CHECK(fit(p.view(), options).mean_log_likelihoods.back() >= single.mean_log_likelihoods.back() - 1e-12);
}

TEST_CASE("float rows and weights") {
  const auto p = make_problem(500, 2, 3);
  const std::vector<float> numbers = as_float(p.rows);
  const FitOptions options = options_for(3);
  const FitResult doubles = fit(p.view(), options);
  const FitResult floats = fit(Rows(MatrixView<const float>(numbers.data(), p.n, p.d)), options);
  CHECK(floats.mean_log_likelihoods.back() == doctest::Approx(doubles.mean_log_likelihoods.back()).epsilon(1e-4));
  // A weight of two means that the row stands twice.
  const std::vector<double> twos(500, 2.0);
  const FitResult weighted = fit(Rows(p.view().x, {twos.data(), 500}), options);
  CHECK(weighted.log_likelihood == doctest::Approx(2 * doubles.log_likelihood).epsilon(1e-9));
}

TEST_CASE("a callback ends the fit with what it has") {
  const auto p = make_problem(300, 2, 3);
  FitOptions options = options_for(3);
  options.n_init = 4;
  options.tol = 0;
  int n_calls = 0;
  options.callback = [&](const IterationSummary&) { return ++n_calls == 6; };
  const FitResult result = fit(p.view(), options);
  CHECK(result.stopped);
  CHECK_FALSE(result.converged);
  CHECK(n_calls == 6);
  options.callback = [](const IterationSummary&) -> bool { throw std::runtime_error("enough"); };
  CHECK_THROWS_WITH(fit(p.view(), options), "enough");
}

TEST_CASE("starts that fail are told, and if all do the fit fails") {
  const std::vector<double> rows{0, 0, 0, 1, 1, 5};
  const Rows<double> view = MatrixView<const double>(rows.data(), 6, 1);
  FitOptions options = options_for(3);
  options.reg_covar = 0;
  options.n_init = 2;
  try {
    fit(view, options);
    FAIL("no error");
  } catch (const FitFailed& error) {
    REQUIRE(error.starts().size() == 2);
    CHECK(error.starts()[1].start == 1);
    CHECK(error.starts()[0].iteration == 0);
    CHECK(error.starts()[0].component >= 0);
    CHECK(std::string(error.what()).find("raise reg_covar") != std::string::npos);
  }
  options.callback = [](const IterationSummary&) { return false; };
  CHECK_THROWS_AS(fit(view, options), FitFailed);
}

TEST_CASE("options and rows out of range are refused by name") {
  const auto p = make_problem(20, 2, 2);
  const auto with = [&](auto change) {
    FitOptions options = options_for(2);
    change(options);
    return message_of([&] { fit(p.view(), options); });
  };
  CHECK(with([](FitOptions& o) { o.n_components = 0; }) ==
        "n_components is 0, but must be at least 1; ask for the number of clusters that you expect");
  CHECK(with([](FitOptions& o) { o.n_init = 0; }).find("n_init is 0") == 0);
  CHECK(with([](FitOptions& o) { o.max_iter = 0; }).find("max_iter is 0") == 0);
  CHECK(with([](FitOptions& o) { o.n_threads = 0; }).find("n_threads is 0") == 0);
  CHECK(with([](FitOptions& o) { o.tol = -1; }).find("tol is -1") == 0);
  CHECK(with([](FitOptions& o) { o.reg_covar = std::nan(""); }).find("reg_covar is nan") == 0);
  CHECK(with([](FitOptions& o) { o.n_components = 21; }).find("there are 20 rows of positive weight") == 0);
  std::vector<double> numbers(p.rows);
  numbers[5] = std::numeric_limits<double>::infinity();
  const std::string message =
      message_of([&] { fit(Rows(MatrixView<const double>(numbers.data(), 20, 2)), options_for(2)); });
  CHECK(message.find("rows(2, 1) is inf") == 0);
  CHECK(message_of([&] { fit(Rows(MatrixView<const double>()), options_for(1)); }).find("rows has shape (0, 0)") == 0);
  const std::vector<double> weights(19, 1.0);
  CHECK(message_of([&] {
          fit(Rows(p.view().x, {weights.data(), 19}), options_for(2));
        }).find("sample_weight has 19") == 0);
}
