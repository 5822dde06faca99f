#include "moments/plan.hpp"

#include <iterator>

#include "checks.hpp"
#include "kernels/moments_low_dim.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

Index n_registers(Index n, RegisterWidth width) { return (n + width.n_numbers - 1) / width.n_numbers; }

constexpr Index least_bytes = 32;  // tiles of shorter packets have too few sums

// In packets of multiply-adds: what is computed of pairs of panels, of panels by themselves and around them, and what
// sums of products take, their products and the adding up of packets.
bool suits_scatter_matrix(Index n_features, RegisterWidth width) {
  constexpr double more_than_sums = 1.12;  // measured
  const auto size = static_cast<double>(width.n_numbers);
  const auto p = static_cast<double>(n_registers(n_features, width));
  const auto d = static_cast<double>(n_features);
  return width.n_bytes >= least_bytes &&
         0.5 * p * (p - 1) * size + p * (0.5 * size + 1) + 3 * p <= more_than_sums * 0.5 * (d + 1) * (d + 2) / size;
}

}  // namespace

const char* to_string(MomentKernel kernel) {
  constexpr const char* names[] = {"monomials", "scatter-matrix", "low-dim", "gathered-rows", "squares"};
  return names[place_of(kernel, std::size(names), "MomentKernel")];
}

MomentPlan plan_moments(SecondMoments form, Index n_features, RegisterWidth width) {
  const SecondMomentTraits& traits = traits_of(form);
  if (!traits.has_matrices()) return {MomentKernel::monomials, MomentKernel::squares};
  const MomentKernel centred =
      n_features <= most_low_dim_features ? MomentKernel::low_dim : MomentKernel::gathered_rows;
  if (!traits.by_component) return {MomentKernel::monomials, centred};
  if (suits_scatter_matrix(n_features, width)) return {MomentKernel::scatter_matrix, centred};
  return {MomentKernel::monomials, centred};
}

bool suits_common_scatter_matrix(Index n_features, RegisterWidth width) {
  constexpr Index least_features = 192;  // measured
  return width.n_bytes >= least_bytes && n_features >= least_features;
}

}  // namespace gmmx
