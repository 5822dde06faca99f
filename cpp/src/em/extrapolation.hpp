// How to jump ahead of a sequence x -> g = G(x) towards its limit; one function a method.
#pragma once

#include <optional>

#include "gmmx/em.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// Points x and images g as columns, oldest first.
struct Trail {
  Matrix<double> points;
  Matrix<double> images;
};

struct Extrapolation {
  Index memory;                                         // how many columns a trail has at most
  std::optional<Vector<double>> (*jump)(const Trail&);  // from the last image; nothing where none ascends
};

// (69) The combination of the last points whose steps cancel best.
std::optional<Vector<double>> anderson_jump(const Trail& trail);

// (70) Two steps of EM in a row give a step length.
std::optional<Vector<double>> squarem_jump(const Trail& trail);

// For Acceleration::none: without memory.
Extrapolation extrapolation_of(Acceleration acceleration);

}  // namespace gmmx
