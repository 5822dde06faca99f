// How restarts run fastest: the cost model and its thresholds stand here alone.
#include <algorithm>
#include <array>

#include "checks.hpp"
#include "em/e_step.hpp"
#include "gmmx/restarts.hpp"

namespace gmmx {

namespace {

// Operations of one E-step below which restarts run side by side: of several, and of a single one.
constexpr double small_for_several = 5e6;
constexpr double small_for_one = 4e5;

constexpr Index components_per_pass = 16;

}  // namespace

std::string to_string(StartPlan plan) {
  constexpr std::array names{"side_by_side", "together", "in_turn"};
  return names[place_of(plan, names.size(), "StartPlan")];
}

Index starts_per_pass(CovarianceType type, Index n_components) {
  if (!can_be_batched(type)) return 1;
  return std::max<Index>(components_per_pass / std::max<Index>(n_components, 1), 1);
}

StartPlan plan_starts(const StartShape& shape, Index n_init, bool watched) {
  if (watched) return StartPlan::in_turn;
  const auto d = static_cast<double>(shape.n_features);
  const double flops =
      static_cast<double>(shape.n_samples) * static_cast<double>(shape.n_components) * (2 * d * d + 4 * d + 20);
  if (shape.from_kmeans && flops < (n_init > 1 ? small_for_several : small_for_one)) return StartPlan::side_by_side;
  const bool can_share = n_init > 1 && starts_per_pass(shape.covariance_type, shape.n_components) > 1;
  return can_share ? StartPlan::together : StartPlan::in_turn;
}

}  // namespace gmmx
