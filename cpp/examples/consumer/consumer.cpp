// Fits two clusters and scores a row: what a program needs of gmmx, and nothing but the standard library besides.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "gmmx/gmmx.hpp"

int main() {
  const std::vector<double> numbers{0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.2, 5.4};
  const gmmx::Rows<double> rows = gmmx::MatrixView<const double>(numbers.data(), 8, 1);
  const std::vector<std::int32_t> labels{0, 0, 0, 0, 1, 1, 1, 1};
  const auto type = gmmx::CovarianceType::full;
  const auto statistics = gmmx::statistics_from_labels(rows, gmmx::VectorView<const std::int32_t>(labels.data(), 8), 2,
                                                       gmmx::second_moment_form(type), 1);
  const gmmx::EMResult fit =
      gmmx::em(*gmmx::e_step_over(rows), gmmx::m_step(statistics, type, 1e-6), gmmx::MaximumLikelihood());
  std::printf("gmmx %s: means %.3f and %.3f after %zu iterations\n", GMMX_VERSION, fit.mixture.means()[0],
              fit.mixture.means()[1], fit.mean_log_likelihoods.size());

  try {
    gmmx::covariance_type_from_string("round");
  } catch (const gmmx::InvalidArgument& error) {
    std::printf("%s\n", error.what());
    return fit.converged ? 0 : 1;
  }
  return 1;
}
