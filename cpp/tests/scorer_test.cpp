#include "gmmx/scorer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::as_float;
using gmmx::testing::make_problem;

namespace {

thread_local long n_allocations = 0;

}  // namespace

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 for Windows inlines one of the pair alone
#endif

// Every allocation of this program is counted, those of std::stable_sort too, which do not throw.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++n_allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* const memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

template <class T>
void check_agreement(const std::vector<T>& numbers, Index d, const Mixture& mixture, double tolerance) {
  const Index n = static_cast<Index>(numbers.size()) / d;
  const Index k = mixture.n_components();
  const Rows<T> rows = MatrixView<const T>(numbers.data(), n, d);
  std::vector<T> scores(static_cast<std::size_t>(n));
  std::vector<T> resp(static_cast<std::size_t>(n * k));
  std::vector<std::int64_t> labels(static_cast<std::size_t>(n));
  score_samples(rows, mixture, VectorView<T>(scores.data(), n));
  responsibilities(rows, mixture, MatrixView<T>(resp.data(), n, k));
  predict(rows, mixture, VectorView<std::int64_t>(labels.data(), n));
  const Scorer<T> scorer(mixture);
  CHECK(scorer.n_components() == k);
  CHECK(scorer.n_features() == d);
  std::vector<T> own(static_cast<std::size_t>(k));
  for (Index i = 0; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    const T* const x = numbers.data() + i * d;
    const T score = scorer.score(x);
    CHECK(score == doctest::Approx(scores[row]).epsilon(tolerance));
    CHECK(scorer.responsibilities(x, own.data()) == score);
    double sum = 0;
    for (Index j = 0; j < k; ++j) {
      const auto at = static_cast<std::size_t>(j);
      CHECK(std::abs(own[at] - resp[row * static_cast<std::size_t>(k) + at]) < 50 * tolerance);
      sum += static_cast<double>(own[at]);
    }
    CHECK(sum == doctest::Approx(1).epsilon(tolerance));
    CHECK(scorer.predict(x) == labels[row]);
  }
}

}  // namespace

TEST_CASE("a row scored alone is scored as among others") {
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    for (const Index k : {1, 3, 8, 11}) {
      for (const Index d : {1, 4, 16, 19}) {
        CAPTURE(k);
        CAPTURE(d);
        const auto p = make_problem(120, d, k);
        const Mixture mixture = p.mixture(type, 0.1);
        check_agreement(p.rows, d, mixture, 1e-11);
        check_agreement(as_float(p.rows), d, mixture, 1e-4);
      }
    }
  }
}

TEST_CASE("rows far from zero keep their digits") {
  auto p = make_problem(200, 3, 4);
  const Mixture near = p.mixture(CovarianceType::full, 0.1);
  std::vector<double> means = near.means();
  for (double& number : means) number += 0x1p20;
  std::vector<double> rows = p.rows;
  // Rows that both precisions hold exactly.
  for (double& number : rows) number = std::round(number * 8) / 8;
  std::vector<double> far_rows = rows;
  for (double& number : far_rows) number += 0x1p20;
  const Mixture far(CovarianceType::full, 3, near.weights(), means, near.covariances());
  const Scorer<double> near_scorer(near);
  const Scorer<double> far_scorer(far);
  const Scorer<float> far_float(far);
  const std::vector<float> floats = as_float(far_rows);
  for (std::size_t n = 0; n < rows.size(); n += 3) {
    const double expected = near_scorer.score(&rows[n]);
    CHECK(far_scorer.score(&far_rows[n]) == doctest::Approx(expected).epsilon(1e-8));
    CHECK(far_float.score(&floats[n]) == doctest::Approx(expected).epsilon(1e-3));
  }
}

TEST_CASE("rows that no density reaches, and rows that are not finite") {
  const Mixture mixture(CovarianceType::diag, 2, {0.25, 0.75}, {0, 0, 1, 1}, {1, 1, 1, 1});
  const Scorer<double> scorer(mixture);
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> resp(2);
  const double far[] = {1e200, -1e200};
  CHECK(scorer.score(far) == -infinity);
  CHECK(scorer.predict(far) == -1);
  CHECK(scorer.responsibilities(far, resp.data()) == -infinity);
  CHECK(std::isnan(resp[0]));
  CHECK(std::isnan(resp[1]));
  for (const double bad : {nan, infinity, -infinity}) {
    const double row[] = {0.5, bad};
    CHECK(std::isnan(scorer.score(row)));
    CHECK(scorer.predict(row) == -1);
    CHECK(std::isnan(scorer.responsibilities(row, resp.data())));
    CHECK(std::isnan(resp[0]));
    CHECK(std::isnan(resp[1]));
  }
}

TEST_CASE("rows whose squares float cannot hold are decided in double") {
  constexpr Index n_components = 40;  // more than are computed at once
  Index last = 0;
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const auto p = make_problem(400, 3, n_components);
    const Mixture mixture = p.mixture(type, 0.1);
    const Scorer<float> scorer(mixture);
    const Scorer<double> wide(mixture);
    for (const float size : {1e20F, -1e25F, 3e38F}) {
      for (const float slope : {0.25F, -0.75F, 0.01F}) {
        const std::vector<float> row{size * slope, 0.25F * size, -0.5F * size};
        const std::vector<double> same(row.begin(), row.end());
        std::vector<float> resp(n_components);
        std::vector<double> expected(n_components);
        wide.responsibilities(same.data(), expected.data());
        last = std::max(last, wide.predict(same.data()));
        CHECK(scorer.score(row.data()) == -std::numeric_limits<float>::infinity());
        CHECK(scorer.predict(row.data()) == wide.predict(same.data()));
        CHECK(scorer.responsibilities(row.data(), resp.data()) == -std::numeric_limits<float>::infinity());
        for (std::size_t k = 0; k < resp.size(); ++k) CHECK(resp[k] == doctest::Approx(expected[k]));
      }
    }
  }
  CHECK(last >= 16);
}

TEST_CASE("scoring a row allocates nothing and cannot throw") {
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const auto p = make_problem(64, 16, 8);
    const Scorer<double> scorer(p.mixture(type, 0.1));
    std::vector<double> resp(8);
    const long before = n_allocations;
    double total = 0;
    for (Index n = 0; n < p.n; ++n) {
      const double* const x = p.rows.data() + n * p.d;
      total += scorer.score(x) + scorer.responsibilities(x, resp.data()) + static_cast<double>(scorer.predict(x));
    }
    CHECK(n_allocations == before);
    CHECK(std::isfinite(total));
    const auto copy = std::make_unique<Scorer<double>>(scorer);
    CHECK(n_allocations > before);  // the counter counts
    static_assert(noexcept(scorer.score(resp.data()))&& noexcept(scorer.predict(resp.data()))&& noexcept(
        scorer.responsibilities(resp.data(), resp.data())));
  }
}
