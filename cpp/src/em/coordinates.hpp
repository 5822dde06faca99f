// Mixtures as vectors of unconstrained numbers, in which points of EM may be combined, and back.
#pragma once

#include <optional>

#include "gmmx/mixture.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// (68) A reference mixture is the origin. A step of one unit in any direction changes Q equally there, so a step of EM
// is the steepest ascent, and the units of the features do not matter.
class Coordinates {
 public:
  explicit Coordinates(Mixture reference) : reference_(std::move(reference)) {}

  // Nothing where a weight is zero.
  std::optional<Vector<double>> of(const Mixture& mixture) const;

  // Empty if the numbers are not a possible result of an M-step: not finite, a weight that vanishes, or a
  // variance below reg_covar in some direction.
  std::optional<Mixture> mixture_at(const Vector<double>& numbers, double reg_covar) const;

 private:
  Mixture reference_;
};

}  // namespace gmmx
