// Random numbers that are the same on every machine: the standard defines what engines draw, and leaves open what
// distributions make of it.
#pragma once

#include <algorithm>
#include <cmath>

namespace gmmx::testing {

// Uniform in [0, 1), from as many draws as 53 bits take.
class Uniform {
 public:
  template <class Engine>
  double operator()(Engine& engine) const {
    constexpr double range = static_cast<double>(Engine::max()) + 1;
    double sum = 0, scale = 1;
    for (; scale < 0x1p53; scale *= range) sum += static_cast<double>(engine()) * scale;
    return std::min(sum / scale, 1 - 0x1p-53);
  }
};

// Standard normal, by Marsaglia's polar method: two at a time, the second of which is returned first.
class Normal {
 public:
  template <class Engine>
  double operator()(Engine& engine) {
    has_other_ = !has_other_;
    if (!has_other_) return other_;
    const Uniform uniform;
    double x, y, square;
    do {
      x = 2 * uniform(engine) - 1;
      y = 2 * uniform(engine) - 1;
      square = x * x + y * y;
    } while (square > 1 || square == 0);
    const double scale = std::sqrt(-2 * std::log(square) / square);
    other_ = x * scale;
    return y * scale;
  }

 private:
  double other_ = 0;
  bool has_other_ = false;
};

}  // namespace gmmx::testing
