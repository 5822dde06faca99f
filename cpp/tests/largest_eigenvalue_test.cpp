#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <random>

#include "density/feature_tolerance.hpp"
#include "draws.hpp"

namespace gmmx {
namespace {

double exact(const Matrix<double>& p) {
  return Eigen::SelfAdjointEigenSolver<Matrix<double>>(p).eigenvalues().maxCoeff();
}

// The inverse covariance of this many rows of noise, whose eigenvalues spread around one.
Matrix<double> precision_of_noise(Index n_rows, Index d, unsigned seed) {
  std::mt19937 generator(seed);
  gmmx::testing::Normal normal;
  Matrix<double> x(n_rows, d);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = normal(generator);
  return (x.transpose() * x / static_cast<double>(n_rows)).inverse();
}

TEST_CASE("of few features the bound is not less than the eigenvalue") {
  for (const Index d : {1, 2, 7, 16}) {
    const Matrix<double> p = precision_of_noise(100, d, 1);
    CHECK(largest_eigenvalue(p) >= exact(p));
    CHECK(largest_eigenvalue(p) <= 4 * exact(p));
  }
}

TEST_CASE("of many features the estimate is near the eigenvalue") {
  for (const Index d : {17, 40, 100, 200}) {
    for (const Index n_rows : {2 * d, 10 * d}) {
      const Matrix<double> p = precision_of_noise(n_rows, d, 2);
      CHECK(largest_eigenvalue(p) >= 0.95 * exact(p));
      CHECK(largest_eigenvalue(p) <= 1.25 * exact(p));
    }
  }
}

TEST_CASE("one narrow feature beside many correlated ones is found") {
  Matrix<double> p = precision_of_noise(200, 60, 3);
  const double others = p.cwiseAbs().rowwise().sum().maxCoeff();
  p.row(20).setZero();
  p.col(20).setZero();
  for (const double narrow : {0.1 * others, 0.9 * others, 10 * others}) {
    p(20, 20) = narrow;
    CHECK(largest_eigenvalue(p) >= 0.95 * exact(p));
    CHECK(largest_eigenvalue(p) <= 1.25 * exact(p));
  }
}

}  // namespace
}  // namespace gmmx
