#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "hex.hpp"
#include "little_endian.hpp"
#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;
using gmmx::testing::run_em;
using gmmx::testing::Settings;

TEST_CASE("EM never loses likelihood, for every covariance type and precision") {
  const auto p = make_problem(700, 3, 3);
  const auto narrow = gmmx::testing::as_float(p.rows);
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    Settings options;
    options.reg_covar = 0;
    options.tol = 1e-9;
    options.max_iter = 1000;
    const EMResult fit = run_em(p.weighted(), p.mixture(type), options);
    for (std::size_t i = 1; i < fit.mean_log_likelihoods.size(); ++i) {
      CHECK(fit.mean_log_likelihoods[i] >= fit.mean_log_likelihoods[i - 1] - 1e-12);
    }
    CHECK(fit.converged);
    const EMResult in_float =
        run_em(Rows(MatrixView<const float>(narrow.data(), p.n, p.d), p.weight_view()), p.mixture(type), options);
    CHECK(in_float.mean_log_likelihoods.back() == doctest::Approx(fit.mean_log_likelihoods.back()).epsilon(1e-3));
  }
}

TEST_CASE("statistics of parts add up, and their sum does not depend on the number of threads") {
  const auto p = make_problem(5003, 4, 5);
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const Mixture mixture = p.mixture(type);
    const SufficientStatistics whole = e_step(p.weighted(), mixture, 1);
    CHECK(e_step(p.weighted(), mixture, 3).to_bytes() == whole.to_bytes());
    const Index cut = 1234;
    SufficientStatistics parts = e_step(p.weighted().slice(0, cut), mixture);
    parts += e_step(p.weighted().slice(cut, p.n), mixture);
    CHECK(parts.n_samples == whole.n_samples);
    CHECK(parts.log_likelihood == doctest::Approx(whole.log_likelihood).epsilon(1e-12));
    for (std::size_t i = 0; i < whole.second_moments.size(); ++i) {
      CHECK(parts.second_moments[i] == doctest::Approx(whole.second_moments[i]).epsilon(1e-10));
    }
  }
}

namespace {

// A user's own E-step.
class EStepFrom final : public EStep {
 public:
  explicit EStepFrom(std::function<SufficientStatistics(const Mixture&)> statistics_at)
      : statistics_at_(std::move(statistics_at)) {}
  EStepResult operator()(const Mixture& mixture) override { return statistics_at_(mixture); }

 private:
  std::function<SufficientStatistics(const Mixture&)> statistics_at_;
};

}  // namespace

TEST_CASE("EM over rows that lie elsewhere takes the same path, accelerated or not") {
  const auto p = make_problem(1500, 3, 4);
  const Index cut = 700;
  EStepFrom in_two_parts([&](const Mixture& mixture) {
    return e_step(p.weighted().slice(0, cut), mixture) + e_step(p.weighted().slice(cut, p.n), mixture);
  });
  for (const CovarianceType type : gmmx::testing::models()) {
    for (const Acceleration acceleration : {Acceleration::none, Acceleration::anderson}) {
      CAPTURE(to_string(type));
      Settings options;
      options.tol = 1e-7;
      options.acceleration = acceleration;
      const EMResult whole = run_em(p.weighted(), p.mixture(type), options);
      const EMResult parts = em(in_two_parts, p.mixture(type), options.likelihood(), options);
      CHECK(parts.converged == whole.converged);
      REQUIRE(parts.mean_log_likelihoods.size() == whole.mean_log_likelihoods.size());
      for (std::size_t i = 0; i < parts.mean_log_likelihoods.size(); ++i)
        CHECK(parts.mean_log_likelihoods[i] == doctest::Approx(whole.mean_log_likelihoods[i]).epsilon(1e-10));
    }
  }
}

TEST_CASE("statistics of another mixture, shape or of no rows do not enter EM") {
  const auto p = make_problem(200, 2, 2);
  const Mixture start = p.mixture(CovarianceType::full);
  const Mixture other = p.mixture(CovarianceType::full, 1e-3);
  const auto wide = make_problem(200, 3, 2);
  const auto run = [&](const SufficientStatistics& statistics) {
    EStepFrom always([&](const Mixture&) { return statistics; });
    return em(always, start, MaximumLikelihood());
  };
  CHECK_THROWS_WITH_AS(run(e_step(p.view(), other)), doctest::Contains("another mixture"), InvalidArgument);
  SufficientStatistics of_a_partition =
      statistics_from_labels(wide.view(), wide.label_view(), 2, SecondMoments::full, 1);
  CHECK_THROWS_WITH_AS(run(of_a_partition), doctest::Contains("3 features"), InvalidArgument);
  const SufficientStatistics none(SecondMoments::full, 2, 2, std::vector<double>(4));
  CHECK_THROWS_WITH_AS(run(none), doctest::Contains("no row"), InvalidArgument);
}

TEST_CASE("statistics of other mixtures, shapes and forms are refused") {
  const auto p = make_problem(200, 2, 2);
  const Mixture full = p.mixture(CovarianceType::full);
  const Mixture other = p.mixture(CovarianceType::full, 1e-3);
  SufficientStatistics sum = e_step(p.view(), full);
  CHECK_THROWS_WITH_AS(sum += e_step(p.view(), other), doctest::Contains("different mixtures"), InvalidArgument);
  CHECK_THROWS_WITH_AS(sum += e_step(p.view(), p.mixture(CovarianceType::diag)), doctest::Contains("forms"),
                       InvalidArgument);
  const auto wide = make_problem(200, 3, 2);
  CHECK_THROWS_WITH_AS(sum += e_step(wide.view(), wide.mixture(CovarianceType::full)), doctest::Contains("shapes"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(e_step(wide.view(), full), doctest::Contains("3 features"), InvalidArgument);
}

TEST_CASE("statistics survive the way through bytes, broken bytes are refused") {
  const auto p = make_problem(300, 3, 2);
  for (const CovarianceType type : gmmx::testing::models()) {
    const SufficientStatistics s = e_step(p.view(), p.mixture(type));
    const std::string bytes = s.to_bytes();
    CHECK(SufficientStatistics::from_bytes(bytes).to_bytes() == bytes);
    CHECK(SufficientStatistics::from_bytes(bytes).second_moments == s.second_moments);
    for (std::size_t length = 0; length < bytes.size(); length += 7) {
      CHECK_THROWS_AS(SufficientStatistics::from_bytes(bytes.substr(0, length)), InvalidArgument);
    }
    CHECK_THROWS_AS(SufficientStatistics::from_bytes(bytes + "12345678"), InvalidArgument);
    for (const std::size_t field : {8U, 16U, 24U}) {  // form, components, features
      std::string absurd = bytes;
      absurd[field + 7] = '\x7f';
      CHECK_THROWS_AS(SufficientStatistics::from_bytes(absurd), InvalidArgument);
    }
  }
}

TEST_CASE("statistics have the same bytes on every machine") {
  SufficientStatistics s(SecondMoments::full, 1, 2, {1, -2}, 0x0102030405060708U);
  s.n_samples = 259;
  s.log_likelihood = -0.5;
  s.total_weight = 3;
  s.counts = {3};
  s.first_moments = {3.141592653589793, 0};
  s.second_moments = {4, 1, 1, 9};
  const std::string expected = gmmx::testing::from_hex(
      "474d4d5853533031 0000000000000000 0100000000000000 0200000000000000 0301000000000000 0807060504030201"
      "000000000000e0bf 0000000000000840 000000000000f03f 00000000000000c0 0000000000000840 182d4454fb210940"
      "0000000000000000 0000000000001040 000000000000f03f 0000000000002240");
  CHECK(s.to_bytes() == expected);
  CHECK(SufficientStatistics::from_bytes(expected).first_moments == s.first_moments);
  CHECK(SufficientStatistics::from_bytes(expected).n_samples == 259);
  CHECK(Mixture(CovarianceType::spherical, 1, {1}, {0.1}, {4}).fingerprint() == 0x9387fc9f31dae166U);
}

TEST_CASE("bytes that hold what no rows sum to are refused") {
  const auto p = make_problem(300, 2, 2);
  const std::string bytes = e_step(p.view(), p.mixture(CovarianceType::diag)).to_bytes();
  const auto with = [&](std::size_t number, double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    std::string replacement;
    put_bits(replacement, bits);
    return std::string(bytes).replace(8 * number, replacement.size(), replacement);
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  // The header has 8 numbers; then come 4 shifts, 2 counts, 4 first and 4 second moments.
  for (std::size_t number = 6; number < bytes.size() / 8; ++number) {
    CHECK_THROWS_AS(SufficientStatistics::from_bytes(with(number, nan)), InvalidArgument);
    CHECK_THROWS_AS(SufficientStatistics::from_bytes(with(number, inf)), InvalidArgument);
  }
  CHECK_THROWS_WITH_AS(SufficientStatistics::from_bytes(with(8, nan)), doctest::Contains("shifts[0] is nan"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(SufficientStatistics::from_bytes(with(12, -5)), doctest::Contains("counts[0] is -5"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(SufficientStatistics::from_bytes(with(7, -1)), doctest::Contains("total_weight is -1"),
                       InvalidArgument);
  CHECK(SufficientStatistics::from_bytes(with(6, -inf)).log_likelihood == -inf);
  std::string many_rows = bytes;
  many_rows[8 * 4 + 7] = '\x80';
  CHECK_THROWS_WITH_AS(SufficientStatistics::from_bytes(many_rows), doctest::Contains("n_samples"), InvalidArgument);
}

TEST_CASE("statistics whose fields were edited add up or are refused, and do not recurse") {
  const auto p = make_problem(300, 2, 2);
  const SufficientStatistics s = e_step(p.view(), p.mixture(CovarianceType::full));
  SufficientStatistics of_no_number = s;
  of_no_number.shifts[0] = std::numeric_limits<double>::quiet_NaN();
  of_no_number += of_no_number;
  CHECK(of_no_number.n_samples == 600);
  for (const std::int64_t n_samples : {std::numeric_limits<std::int64_t>::max(), std::int64_t{-1}}) {
    SufficientStatistics edited = s;
    edited.n_samples = n_samples;
    const SufficientStatistics before = edited;
    CHECK_THROWS_WITH_AS(edited += s, doctest::Contains("n_samples"), InvalidArgument);
    CHECK(edited.counts == before.counts);
    CHECK_THROWS_AS(blend(edited, s, 0.5), InvalidArgument);
  }
  SufficientStatistics raised = s;
  CHECK_THROWS_AS(raised.raise_counts(std::numeric_limits<double>::quiet_NaN()), InvalidArgument);
  CHECK_THROWS_AS(raised.raise_counts(-1), InvalidArgument);
}

TEST_CASE("statistics of many features survive the way through bytes") {
  for (const SecondMoments form : {SecondMoments::diagonal, SecondMoments::trace}) {
    const Index d = 100000;
    SufficientStatistics s(form, 2, d, std::vector<double>(static_cast<std::size_t>(2 * d), 0.5));
    s.second_moments.back() = 7;
    CHECK(SufficientStatistics::from_bytes(s.to_bytes()).second_moments == s.second_moments);
  }
}

TEST_CASE("moving the moments there and back changes nothing") {
  const auto p = make_problem(300, 3, 2);
  for (const CovarianceType type : gmmx::testing::models()) {
    const SufficientStatistics s = e_step(p.view(), p.mixture(type));
    SufficientStatistics moved = s;
    moved.move_to(std::vector<double>(s.shifts.size(), 0.5));
    moved.move_to(s.shifts);
    for (std::size_t i = 0; i < s.second_moments.size(); ++i) {
      CHECK(moved.second_moments[i] == doctest::Approx(s.second_moments[i]).epsilon(1e-10));
    }
  }
}

TEST_CASE("a blend of statistics of several mixtures is that of all rows with weights") {
  const auto p = make_problem(400, 3, 2);
  const Index cut = 150;
  const double share = 0.3;
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const SecondMoments form = second_moment_form(type);
    const auto part = [&](Index begin, Index end) {
      SufficientStatistics s =
          statistics_from_labels(p.view().slice(begin, end),
                                 VectorView<const std::int32_t>(p.labels.data() + begin, end - begin), p.k, form, 1);
      s.rescale(1.0);
      return s;
    };
    const SufficientStatistics blended = blend(part(0, cut), part(cut, p.n), share);
    std::vector<double> weights(static_cast<std::size_t>(p.n), share / static_cast<double>(p.n - cut));
    std::fill_n(weights.begin(), cut, (1 - share) / static_cast<double>(cut));
    SufficientStatistics whole =
        statistics_from_labels(Rows(p.view().x, {weights.data(), p.n}), p.label_view(), p.k, form, 1);
    whole.move_to(blended.shifts);
    CHECK(blended.n_samples == p.n);
    CHECK(blended.total_weight == doctest::Approx(1.0));
    CHECK(blended.mixture_fingerprint == 0);
    for (std::size_t i = 0; i < whole.second_moments.size(); ++i) {
      CHECK(blended.second_moments[i] == doctest::Approx(whole.second_moments[i]).epsilon(1e-10));
    }
    const Mixture mixture = m_step(blended, type, 1e-6);
    const SufficientStatistics later = e_step(p.view(), mixture);
    CHECK(blend(blended, later, 1.0).second_moments == later.second_moments);
    CHECK_THROWS_WITH_AS(blend(blended, later, -0.5), doctest::Contains("share is -0.5"), InvalidArgument);
  }
  const auto wide = make_problem(200, 4, 2);
  CHECK_THROWS_WITH_AS(blend(e_step(p.view(), p.mixture(CovarianceType::diag)),
                             e_step(wide.view(), wide.mixture(CovarianceType::diag)), 0.5),
                       doctest::Contains("shapes"), InvalidArgument);
}

TEST_CASE("the M-step of expected statistics gives the mixture back") {
  const auto p = make_problem(300, 3, 3);
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const Mixture mixture = p.mixture(type);
    const SufficientStatistics expected = expected_statistics(mixture);
    CHECK(expected.total_weight == 1);
    const Mixture again = m_step(expected, mixture, 0.0);
    CHECK(again.means() == mixture.means());
    for (std::size_t i = 0; i < mixture.covariances().size(); ++i) {
      CHECK(again.covariances()[i] == doctest::Approx(mixture.covariances()[i]).epsilon(1e-9));
    }
  }
}

TEST_CASE("counts are raised where a component is, and weights are rescaled") {
  const std::vector<double> rows{0, 2, 7, 9};
  const std::vector<std::int32_t> labels{0, 0, 1, 1};
  const std::vector<double> weights{1, 1, 1e-20, 1e-20};
  for (const CovarianceType type : {CovarianceType::full, CovarianceType::diag, CovarianceType::spherical}) {
    SufficientStatistics s = statistics_from_labels(
        Rows(MatrixView<const double>(rows.data(), 4, 1), VectorView<const double>(weights.data(), 4)),
        VectorView<const std::int32_t>(labels.data(), 4), 2, second_moment_form(type), 1);
    s.raise_counts(1e-10);
    s.rescale(100);
    CHECK(s.counts[0] == doctest::Approx(100));
    CHECK(s.counts[1] == doctest::Approx(1e-8));
    const Mixture mixture = m_step(s, type, 0.0);
    CHECK(mixture.means()[1] == doctest::Approx(8));
    CHECK(mixture.covariances()[1] == doctest::Approx(1));
    s.counts[1] = 0;
    s.raise_counts(1e-10);
    CHECK(s.counts[1] == 0);
    CHECK_THROWS_WITH_AS(s.rescale(0.0), doctest::Contains("new_total_weight is 0"), InvalidArgument);
    s.total_weight = 0;
    CHECK_THROWS_WITH_AS(s.rescale(1.0), doctest::Contains("total_weight is 0"), InvalidArgument);
  }
}

TEST_CASE("an M-step from full moments serves every type") {
  const auto p = make_problem(400, 3, 3);
  const SufficientStatistics full = statistics_from_labels(p.view(), p.label_view(), p.k, SecondMoments::full, 1);
  for (const CovarianceType type : gmmx::testing::models()) {
    const Mixture expected = p.mixture(type, 0.0);
    const Mixture got = m_step(full, type);
    for (std::size_t i = 0; i < expected.covariances().size(); ++i) {
      CHECK(got.covariances()[i] == doctest::Approx(expected.covariances()[i]).epsilon(1e-11));
    }
  }
  const SufficientStatistics least = statistics_from_labels(p.view(), p.label_view(), p.k, SecondMoments::trace, 1);
  CHECK_THROWS_WITH_AS(m_step(least, CovarianceType::full), doctest::Contains("'trace'"), InvalidArgument);
}

TEST_CASE("a callback can stop EM, and its exception gets out") {
  const auto p = make_problem(300, 2, 2);
  Settings options;
  options.tol = 0;
  options.callback = [](const IterationSummary& summary) { return summary.iteration == 3; };
  const EMResult fit = run_em(p.view(), p.mixture(CovarianceType::full), options);
  CHECK(fit.stopped);
  CHECK_FALSE(fit.converged);
  CHECK(fit.mean_log_likelihoods.size() == 3);
  options.callback = [](const IterationSummary&) -> bool { throw std::domain_error("mine"); };
  CHECK_THROWS_AS(run_em(p.view(), p.mixture(CovarianceType::full), options), std::domain_error);
}

TEST_CASE("a collapse names its component") {
  auto p = make_problem(40, 2, 2);
  for (Index i = 1; i < p.n; i += 2) {
    p.rows[static_cast<std::size_t>(2 * i)] = p.rows[static_cast<std::size_t>(2 * i + 1)] = 7;
  }
  for (const CovarianceType type : {CovarianceType::full, CovarianceType::diag, CovarianceType::spherical}) {
    try {
      p.mixture(type, 0.0);
      FAIL("no error");
    } catch (const CollapsedComponent& error) {
      CHECK(error.component() == 1);
    }
  }
}
