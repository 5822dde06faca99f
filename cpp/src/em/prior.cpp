#include "gmmx/prior.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "cholesky.hpp"
#include "format.hpp"
#include "gmmx/errors.hpp"

namespace gmmx {

namespace {

void check_numbers(const std::vector<double>& values, Index size, const char* name) {
  if (static_cast<Index>(values.size()) != size) {
    throw InvalidArgument(std::string("the prior's ") + name + " has " + std::to_string(values.size()) +
                          " numbers, but must have " + std::to_string(size));
  }
  if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); })) {
    throw InvalidArgument(std::string("the prior's ") + name + " holds NaN or infinity");
  }
}

}  // namespace

void check_prior(const ConjugatePrior& prior, Index n_features) {
  if (!(prior.shrinkage >= 0) || !std::isfinite(prior.shrinkage)) {
    throw InvalidArgument("the prior's shrinkage is " + text_of(prior.shrinkage) +
                          ", but must be finite and not negative");
  }
  if (!(prior.dof > static_cast<double>(n_features - 1)) || !std::isfinite(prior.dof)) {
    throw InvalidArgument("the prior's dof is " + text_of(prior.dof) + ", but must be finite and more than " +
                          std::to_string(n_features - 1) + ", one less than there are features");
  }
  check_numbers(prior.mean, n_features, "mean");
  check_numbers(prior.scale, n_features * n_features, "scale");
  const Matrix<double> scale = ConstMatrixMap(prior.scale.data(), n_features, n_features);
  const double size = scale.diagonal().cwiseAbs().sum();
  constexpr double rounding = 1e-12;
  const bool is_symmetric = (scale - scale.transpose()).cwiseAbs().maxCoeff() <= rounding * size;
  const Matrix<double> raised = scale + rounding * size * Matrix<double>::Identity(n_features, n_features);
  if (is_symmetric && (size == 0 || cholesky_of(raised).exists)) return;
  throw InvalidArgument("the prior's scale is not symmetric and positive semidefinite; give a covariance matrix");
}

}  // namespace gmmx
