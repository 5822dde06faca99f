// The arguments of EM that its functions share.
#pragma once

#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <tuple>

#include "arrays.hpp"
#include "gmmx/em.hpp"
#include "interrupts.hpp"

namespace gmmx::python {

// shrinkage, mean, dof, scale
using Prior = std::optional<std::tuple<double, Contiguous<double>, double, Contiguous<double>>>;

inline std::optional<ConjugatePrior> prior_of(const Prior& prior) {
  if (!prior) return {};
  const auto& [shrinkage, mean, dof, scale] = *prior;
  check_ndim(mean, 1, "the prior's mean");
  check_ndim(scale, 2, "the prior's scale");
  return ConjugatePrior{shrinkage, to_vector(mean), dof, to_vector(scale)};
}

inline EMOptions options_of(double tol, int max_iter, const std::optional<std::string>& acceleration) {
  EMOptions options;
  options.tol = tol;
  options.max_iter = max_iter;
  options.acceleration = acceleration_from_string(acceleration.value_or("none"));
  options.check_interrupt = interrupt_check();
  return options;
}

inline MaximumLikelihood likelihood_of(double reg_covar, const Prior& prior, const EMOptions& options, int n_threads) {
  MaximumLikelihood likelihood{reg_covar, prior_of(prior), n_threads};
  check_acceleration(options.acceleration, likelihood.prior);
  return likelihood;
}

}  // namespace gmmx::python
