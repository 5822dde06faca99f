#include "density/row_terms.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;
using gmmx::testing::Problem;
using gmmx::testing::run_em;
using gmmx::testing::Settings;

namespace {

std::vector<std::int32_t> every_third_unknown(const Problem& p) {
  std::vector<std::int32_t> labels = p.labels;
  for (std::size_t n = 0; n < labels.size(); n += 3) labels[n] = -1;
  return labels;
}

KnownLabels known(const std::vector<std::int32_t>& labels, Index k) {
  return {VectorView<const std::int32_t>(labels.data(), static_cast<Index>(labels.size())), k};
}

// Allowed are the first and the last component.
class NotTheSecond final : public RowTerms {
 public:
  void add_to(Index, BlockOfColumns<float> log_prob) const override { forbid(log_prob); }
  void add_to(Index, BlockOfColumns<double> log_prob) const override { forbid(log_prob); }

 private:
  template <class T>
  static void forbid(BlockOfColumns<T> log_prob) {
    log_prob.col(1).setConstant(-std::numeric_limits<T>::infinity());
  }
};

}  // namespace

TEST_CASE("an E-step of rows whose labels are all known sums up their clusters") {
  const auto p = make_problem(1003, 3, 4);
  const KnownLabels labels = known(p.labels, p.k);
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const Mixture mixture = p.mixture(type);
    SufficientStatistics got = e_step(Rows(p.view().x, p.weight_view(), &labels), mixture);
    const SufficientStatistics expected =
        statistics_from_labels(p.weighted(), p.label_view(), p.k, second_moment_form(type), 1);
    got.move_to(expected.shifts);
    for (std::size_t k = 0; k < got.counts.size(); ++k) CHECK(got.counts[k] == doctest::Approx(expected.counts[k]));
    for (std::size_t i = 0; i < got.second_moments.size(); ++i) {
      CHECK(got.second_moments[i] == doctest::Approx(expected.second_moments[i]).epsilon(1e-10));
    }
    std::vector<double> log_densities(static_cast<std::size_t>(p.n * p.k));
    component_log_densities(p.view(), mixture, MatrixView<double>(log_densities.data(), p.n, p.k));
    double complete = 0;  // log-likelihood of rows and labels
    for (Index n = 0; n < p.n; ++n) {
      const auto label = static_cast<Index>(p.labels[static_cast<std::size_t>(n)]);
      complete +=
          p.weights[static_cast<std::size_t>(n)] * (log_densities[static_cast<std::size_t>(n * p.k + label)] +
                                                    std::log(mixture.weights()[static_cast<std::size_t>(label)]));
    }
    CHECK(got.log_likelihood == doctest::Approx(complete).epsilon(1e-12));
  }
}

TEST_CASE("labels that are all unknown change nothing") {
  const auto p = make_problem(700, 2, 3);
  const std::vector<std::int32_t> unknown(static_cast<std::size_t>(p.n), -1);
  const KnownLabels labels = known(unknown, p.k);
  const Mixture mixture = p.mixture(CovarianceType::full);
  CHECK(e_step(Rows(p.view().x, p.weight_view(), &labels), mixture).to_bytes() ==
        e_step(p.weighted(), mixture).to_bytes());
}

TEST_CASE_TEMPLATE("known labels decide responsibilities and predictions, others are as without", T, float, double) {
  const auto p = make_problem(600, 2, 3);
  const std::vector<T> numbers(p.rows.begin(), p.rows.end());
  const auto some = every_third_unknown(p);
  const KnownLabels labels = known(some, p.k);
  const MatrixView<const T> view(numbers.data(), p.n, p.d);
  const Mixture mixture = p.mixture(CovarianceType::VVE);
  std::vector<T> resp(static_cast<std::size_t>(p.n * p.k)), free(resp.size());
  std::vector<std::int64_t> predicted(static_cast<std::size_t>(p.n));
  responsibilities(Rows(view, {}, &labels), mixture, MatrixView<T>(resp.data(), p.n, p.k));
  responsibilities(Rows(view), mixture, MatrixView<T>(free.data(), p.n, p.k));
  predict(Rows(view, {}, &labels), mixture, VectorView<std::int64_t>(predicted.data(), p.n));
  for (std::size_t n = 0; n < some.size(); ++n) {
    for (std::size_t k = 0; k < 3; ++k) {
      const T expected = some[n] < 0 ? free[3 * n + k] : T(static_cast<std::size_t>(some[n]) == k ? 1 : 0);
      CHECK(resp[3 * n + k] == expected);
    }
    if (some[n] >= 0) CHECK(predicted[n] == some[n]);
  }
  const double with = log_likelihood(Rows(view, p.weight_view(), &labels), mixture);
  const double of_e_step = e_step(Rows(view, p.weight_view(), &labels), mixture).log_likelihood;
  CHECK(with == doctest::Approx(of_e_step).epsilon(1e-5));
  CHECK(with < log_likelihood(Rows(view, p.weight_view()), mixture));
}

TEST_CASE_TEMPLATE("labels and log-likelihood in one pass are those of two", T, float, double) {
  const auto p = make_problem(3001, 3, 4);
  std::vector<T> numbers(p.rows.begin(), p.rows.end());
  numbers[3] = T(3e30);  // decided in double
  const Rows<T> rows(MatrixView<const T>(numbers.data(), p.n, p.d), p.weight_view());
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const Mixture mixture = p.mixture(type);
    std::vector<std::int64_t> expected(static_cast<std::size_t>(p.n)), found(expected.size());
    predict(rows, mixture, VectorView<std::int64_t>(expected.data(), p.n), 2);
    const double sum = predict_with_log_likelihood(rows, mixture, VectorView<std::int64_t>(found.data(), p.n), 2);
    CHECK(sum == log_likelihood(rows, mixture, 1));
    CHECK(found == expected);
  }
  const KnownLabels labels = known(every_third_unknown(p), p.k);
  std::vector<std::int64_t> out(static_cast<std::size_t>(p.n));
  CHECK_THROWS_WITH_AS(predict_with_log_likelihood(Rows<T>(rows.x, {}, &labels), p.mixture(CovarianceType::full),
                                                   VectorView<std::int64_t>(out.data(), p.n)),
                       doctest::Contains("rows have terms"), InvalidArgument);
}

TEST_CASE("labels keep to their rows in slices, threads and batches of mixtures") {
  const auto p = make_problem(3001, 2, 3);
  const auto some = every_third_unknown(p);
  const KnownLabels labels = known(some, p.k);
  const Rows rows(p.view().x, p.weight_view(), &labels);
  const Mixture mixture = p.mixture(CovarianceType::full);
  const SufficientStatistics whole = e_step(rows, mixture, 1);
  CHECK(e_step(rows, mixture, 3).to_bytes() == whole.to_bytes());
  SufficientStatistics parts = e_step(rows.slice(0, 1234), mixture);
  parts += e_step(rows.slice(1234, p.n), mixture);
  CHECK(parts.log_likelihood == doctest::Approx(whole.log_likelihood).epsilon(1e-12));
  for (std::size_t k = 0; k < 3; ++k) CHECK(parts.counts[k] == doctest::Approx(whole.counts[k]).epsilon(1e-12));

  Settings options;
  const std::vector<Mixture> starts{mixture, p.mixture(CovarianceType::full, 0.5)};
  const auto outcomes = em_from_mixtures(rows, starts, MStep(options.likelihood()), options, 1);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const EMResult alone = run_em(rows, starts[i], options);
    REQUIRE(outcomes[i].fit);
    CHECK(outcomes[i].fit->mean_log_likelihoods.back() == doctest::Approx(alone.mean_log_likelihoods.back()));
    for (std::size_t m = 1; m < alone.mean_log_likelihoods.size(); ++m) {
      CHECK(alone.mean_log_likelihoods[m] >= alone.mean_log_likelihoods[m - 1] - 1e-12);
    }
  }
}

TEST_CASE("a row whose every allowed density underflows has the weights of the allowed components") {
  const NotTheSecond terms;
  const std::vector<double> numbers{1e200, 0.5};
  const Rows rows(MatrixView<const double>(numbers.data(), 2, 1), {}, &terms);
  const Mixture mixture(CovarianceType::diag, 1, {0.3, 0.6, 0.1}, {0, 1e200, 1}, {1, 1, 1});
  SufficientStatistics s = e_step(rows.slice(0, 1), mixture);
  CHECK(s.counts[0] == doctest::Approx(0.75));
  CHECK(s.counts[1] == 0);
  CHECK(s.counts[2] == doctest::Approx(0.25));
  // Where the allowed ones have no weight either, they are alike.
  const Mixture weightless(CovarianceType::diag, 1, {0, 1, 0}, {0, 1e200, 1}, {1, 1, 1});
  s = e_step(rows, weightless);
  CHECK(s.counts[0] == doctest::Approx(1));
  CHECK(s.counts[1] == 0);
  CHECK(s.counts[2] == doctest::Approx(1));
}

TEST_CASE("labels out of range are refused") {
  const std::vector<std::int32_t> labels{0, 1, 2};
  CHECK_THROWS_WITH_AS(known(labels, 2), doctest::Contains("labels[2] is 2"), InvalidArgument);
  const std::vector<std::int32_t> negative{0, -2};
  CHECK_THROWS_WITH_AS(known(negative, 2), doctest::Contains("labels[1] is -2"), InvalidArgument);
}
