#include "cholesky.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <vector>

#include "draws.hpp"
#include "gmmx/em.hpp"

namespace gmmx {
namespace {

// Features that depend on each other the more, the smaller the noise.
Matrix<double> covariance_of(Index d, double noise) {
  std::mt19937 generator(static_cast<unsigned>(d));
  gmmx::testing::Normal normal;
  Matrix<double> loadings(d, 3);
  for (Index i = 0; i < loadings.size(); ++i) loadings.data()[i] = normal(generator);
  Matrix<double> covariance = loadings * loadings.transpose();
  covariance.diagonal().array() += noise;
  return covariance;
}

double entry_of(std::size_t i, std::size_t j) { return i == j ? 2.0 : 1.0 / static_cast<double>(2 + i + j); }

TEST_CASE("triangles of any size are inverted as accurately as by a solve against the identity") {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  for (const double noise : {1.0, 1e-9}) {
    for (const Index d : {1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 31, 33, 40, 63, 64, 65, 100, 129, 257}) {
      CAPTURE(d);
      const auto [factored, exists] = cholesky_of(covariance_of(d, noise));
      REQUIRE(exists);
      const Matrix<double> lower = factored.triangularView<Eigen::Lower>();
      Matrix<double> inverse = lower;
      invert_lower(inverse);
      CHECK(Matrix<double>(inverse.triangularView<Eigen::StrictlyUpper>()).isZero(0.0));
      const Matrix<double> residual = inverse * lower - Matrix<double>::Identity(d, d);
      const Matrix<double> bound = static_cast<double>(d) * eps * (inverse.cwiseAbs() * lower.cwiseAbs());
      CHECK((residual.cwiseAbs().array() <= bound.array()).all());
    }
  }
}

TEST_CASE("a triangle within a larger matrix is inverted, and nothing beside it") {
  constexpr Index d = 70;
  Matrix<double> whole = Matrix<double>::Constant(d + 9, d + 5, 3.0);
  const Matrix<double> lower = cholesky_of(covariance_of(d, 1.0)).lower.triangularView<Eigen::Lower>();
  whole.block(4, 2, d, d) = lower;
  invert_lower(whole.block(4, 2, d, d));
  CHECK((whole.block(4, 2, d, d) * lower).isIdentity(1e-12));
  CHECK(whole.topRows(4).isConstant(3.0, 0.0));
  CHECK(whole.bottomRows(5).isConstant(3.0, 0.0));
  CHECK(whole.leftCols(2).isConstant(3.0, 0.0));
  CHECK(whole.rightCols(3).isConstant(3.0, 0.0));
}

TEST_CASE("M-steps of many features do not depend on the number of threads") {
  constexpr std::size_t d = 90;
  SufficientStatistics statistics(SecondMoments::full, 5, d, std::vector<double>(5 * d, 0.25));
  for (std::size_t k = 0; k < 5; ++k) {
    statistics.counts[k] = 10.0;
    for (std::size_t i = 0; i < d; ++i) {
      statistics.first_moments[k * d + i] = 0.1 * static_cast<double>(k);
      for (std::size_t j = 0; j < d; ++j) statistics.second_moments[(k * d + i) * d + j] = 10 * entry_of(i, j);
    }
  }
  const Mixture one = m_step(statistics, CovarianceType::full, 1e-6);
  for (const int n_threads : {2, 3, 7}) {
    const Mixture several = m_step(statistics, CovarianceType::full, 1e-6, {}, n_threads);
    CHECK(several.covariances() == one.covariances());
    CHECK(several.precisions_cholesky() == one.precisions_cholesky());
  }
}

}  // namespace
}  // namespace gmmx
