#include "em/acceleration.hpp"

#include <algorithm>

namespace gmmx {

namespace {

// Before EM settles, a jump may lead to another optimum: until its steps gain less than this a row, none is tried.
constexpr double settled = 3e-2;
constexpr double longest_jump = 0.1;          // in the units of (68), for the same reason
constexpr double share_of_rejections = 0.05;  // of all passes, after the first rejection
constexpr double earned_by_good_jump = 0.8;   // rejections; good: worth two steps of EM
constexpr double least_radius = 1;

}  // namespace

void Accelerator::stepped(double gain) {
  jumped_ = false;
  last_step_ = gain;
}

std::optional<Mixture> Accelerator::propose(const Mixture& point, const Mixture& image, double reg_covar, int passes) {
  if (extrapolation_.memory == 0) return std::nullopt;
  steps_.push_back({point, image, !jumped_});
  if (static_cast<Index>(steps_.size()) > extrapolation_.memory) steps_.pop_front();
  if (steps_.size() < 2 || !(last_step_ < settled)) return std::nullopt;
  if (rejections_ > share_of_rejections * passes + earned_) return std::nullopt;

  const Coordinates coordinates(image);
  const Index n_steps = static_cast<Index>(steps_.size());
  Trail trail;
  for (Index i = 0; i < n_steps; ++i) {
    const Step& step = steps_[static_cast<std::size_t>(i)];
    const auto g = coordinates.of(step.image);
    if (!g) return std::nullopt;
    if (i == 0) trail = {Matrix<double>(g->size(), n_steps), Matrix<double>(g->size(), n_steps)};
    trail.images.col(i) = *g;
    if (step.continues && i > 0) {
      trail.points.col(i) = trail.images.col(i - 1);
      continue;
    }
    const auto x = coordinates.of(step.point);
    if (!x) return std::nullopt;
    trail.points.col(i) = *x;
  }
  std::optional<Vector<double>> jump = extrapolation_.jump(trail);
  if (!jump) return std::nullopt;
  const double step = (trail.images.col(n_steps - 1) - trail.points.col(n_steps - 1)).norm();
  const double longest = std::min(longest_jump, radius_ * step);
  if (jump->norm() > longest) *jump *= longest / jump->norm();
  reach_ = jump->norm() / step;
  return coordinates.mixture_at(*jump, reg_covar);
}

void Accelerator::accepted(double gain) {
  jumped_ = true;
  if (gain > 2 * last_step_) earned_ += earned_by_good_jump;
  radius_ *= 2;
}

void Accelerator::rejected() {
  ++rejections_;
  radius_ = std::max(reach_ / 4, least_radius);
}

}  // namespace gmmx
