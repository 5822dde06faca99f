// Proposes points ahead of EM, and learns from what became of them. EM goes on without when it proposes nothing.
#pragma once

#include <deque>
#include <limits>
#include <optional>

#include "em/coordinates.hpp"
#include "em/extrapolation.hpp"

namespace gmmx {

class Accelerator {
 public:
  explicit Accelerator(Extrapolation extrapolation) : extrapolation_(extrapolation) {}

  // A mixture ahead of image = EM(point), or nothing. To be asked after each pass that was not taken back. passes: so
  // far.
  std::optional<Mixture> propose(const Mixture& point, const Mixture& image, double reg_covar, int passes);
  // What a pass brought: a step of EM, a jump, or a jump that was taken back. gain: of the mean log-likelihood.
  void stepped(double gain);
  void accepted(double gain);
  void rejected();

 private:
  struct Step {
    Mixture point;
    Mixture image;
    bool continues = false;  // where the step before ended
  };

  Extrapolation extrapolation_;
  std::deque<Step> steps_;                                      // oldest first
  double radius_ = std::numeric_limits<double>::infinity();     // how far to jump, in steps of EM
  double reach_ = 0;                                            // of the last jump, likewise
  double last_step_ = std::numeric_limits<double>::infinity();  // gain of the last step of EM
  double earned_ = 0;                                           // rejections that good jumps have paid for
  int rejections_ = 0;
  bool jumped_ = false;  // in the last pass
};

}  // namespace gmmx
