// Rows whose densities leave the range of float or double.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "problem.hpp"

using namespace gmmx;
using gmmx::testing::make_problem;

namespace {

// Row 5 of 8 is far away.
template <class T>
std::vector<T> rows_with_one_far_away(T size, Index d) {
  std::vector<T> rows(static_cast<std::size_t>(8 * d), T(0.5));
  rows[static_cast<std::size_t>(5 * d + 1)] = size;
  return rows;
}

template <class T, class Call>
std::string refusal(const std::vector<T>& rows, Index d, Call call) {
  try {
    call(MatrixView<const T>(rows.data(), 8, d));
  } catch (const RowOutOfRange& error) {
    CHECK(error.row() == 5);
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a row that double cannot hold is refused, and all others have their results") {
  const Index d = 3;
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const Mixture mixture = make_problem(100, d, 2).mixture(type, 0.1);
    const auto rows = rows_with_one_far_away(-1e180, d);
    std::vector<std::int64_t> labels(8, -7);
    const std::string words = refusal<double>(
        rows, d, [&](auto view) { predict<double>(view, mixture, VectorView<std::int64_t>(labels.data(), 8), 2); });
    CHECK(words.find("rows holds -1e+180 in row 5 (the first is 0) of column 1, so far from every component") == 0);
    CHECK(labels[4] >= 0);
    CHECK(labels[6] == labels[4]);
    std::vector<double> out(16);
    CHECK(refusal<double>(rows, d, [&](auto view) {
            responsibilities<double>(view, mixture, MatrixView<double>(out.data(), 8, 2), 1);
          }) == words);
    CHECK(refusal<double>(rows, d, [&](auto view) {
            score_samples<double>(view, mixture, VectorView<double>(out.data(), 8), 1);
          }) == words);
    CHECK(refusal<double>(rows, d, [&](auto view) { log_likelihood<double>(view, mixture); }) == words);
    const std::vector<double> weights{1, 1, 1, 1, 1, 0, 1, 1};
    const VectorView<const double> weight_view(weights.data(), 8);
    CHECK(refusal<double>(rows, d, [&](auto view) {  // which is without a label even if its weight is zero
            predict_with_log_likelihood(Rows<double>(view, weight_view), mixture,
                                        VectorView<std::int64_t>(labels.data(), 8));
          }) == words);
    CHECK(std::isfinite(log_likelihood(Rows(MatrixView<const double>(rows.data(), 8, d), weight_view), mixture)));
  }
}

TEST_CASE("a row that float cannot hold is decided in double") {
  const Index d = 3;
  for (const CovarianceType type : gmmx::testing::models()) {
    CAPTURE(to_string(type));
    const Mixture mixture = make_problem(100, d, 2).mixture(type, 0.1);
    const auto rows = rows_with_one_far_away(3e30F, d);
    const std::vector<double> wide(rows.begin(), rows.end());
    const MatrixView<const float> view(rows.data(), 8, d);
    const MatrixView<const double> wide_view(wide.data(), 8, d);
    std::vector<float> found(16);
    std::vector<double> expected(16);
    responsibilities<float>(view, mixture, MatrixView<float>(found.data(), 8, 2), 1);
    responsibilities<double>(wide_view, mixture, MatrixView<double>(expected.data(), 8, 2), 1);
    for (std::size_t i = 0; i < 16; ++i) CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-4));
    const double total = log_likelihood<double>(wide_view, mixture);
    CHECK(log_likelihood<float>(view, mixture) == doctest::Approx(total).epsilon(1e-5));
    CHECK(e_step<float>(view, mixture).log_likelihood == doctest::Approx(total).epsilon(1e-5));
    CHECK(refusal<float>(rows, d, [&](auto rows_of_float) {
            score_samples<float>(rows_of_float, mixture, VectorView<float>(found.data(), 8), 1);
          }).find("overflows float32") != std::string::npos);
  }
}

TEST_CASE("rows that are not finite are refused, and have no density of any component") {
  const Mixture mixture = make_problem(100, 3, 2).mixture(CovarianceType::full, 0.1);
  const auto rows = rows_with_one_far_away(std::numeric_limits<double>::quiet_NaN(), 3);
  std::vector<double> out(16);
  CHECK(refusal<double>(rows, 3, [&](auto view) {
          score_samples<double>(view, mixture, VectorView<double>(out.data(), 8), 1);
        }).find("holds NaN in row 5 (the first is 0) of column 1") != std::string::npos);
  component_log_densities<double>(MatrixView<const double>(rows.data(), 8, 3), mixture,
                                  MatrixView<double>(out.data(), 8, 2));
  CHECK(std::isnan(out[10]));
  CHECK(std::isfinite(out[12]));
}
