#include "moments/plan.hpp"

#include <iterator>

#include "checks.hpp"
#include "kernels/moments_low_dim.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

namespace {

Index n_registers(Index n, RegisterWidth width) { return (n + width.n_numbers - 1) / width.n_numbers; }

// Pairs of registers that are filled with components, of which 32 leave room for enough sums.
bool suits_many_components(Index n_features, Index n_components, RegisterWidth width) {
  constexpr Index least_features = 8;
  constexpr Index most_features = 95;  // with more, scatter matrices are faster
  const Index pair = 2 * width.n_numbers;
  const Index n_pairs = (n_components + pair - 1) / pair;
  return width.are_many && n_features >= least_features && n_features <= most_features &&
         6 * n_components >= 5 * n_pairs * pair;
}

// In packets of multiply-adds: what is computed of the triangle and around it, and what sums of products take, their
// products and the adding up of packets.
bool suits_scatter_matrix(Index n_features, RegisterWidth width) {
  constexpr double more_than_sums = 1.35;
  constexpr Index least_bytes = 32;  // tiles of shorter packets have too few sums
  const auto size = static_cast<double>(width.n_numbers);
  const auto p = static_cast<double>(n_registers(n_features, width));
  const auto d = static_cast<double>(n_features);
  return width.n_bytes >= least_bytes &&
         0.5 * p * (p + 1) * size + 3 * p <= more_than_sums * 0.5 * (d + 1) * (d + 2) / size;
}

}  // namespace

const char* to_string(MomentKernel kernel) {
  constexpr const char* names[] = {"monomials", "many-components", "scatter-matrix",
                                   "low-dim",   "gathered-rows",   "squares"};
  return names[place_of(kernel, std::size(names), "MomentKernel")];
}

MomentPlan plan_moments(SecondMoments form, Index n_features, Index n_components, RegisterWidth width) {
  const SecondMomentTraits& traits = traits_of(form);
  if (!traits.has_matrices()) return {MomentKernel::monomials, MomentKernel::squares};
  const MomentKernel centred =
      n_features <= most_low_dim_features ? MomentKernel::low_dim : MomentKernel::gathered_rows;
  if (!traits.by_component) return {MomentKernel::monomials, centred};
  if (suits_many_components(n_features, n_components, width)) return {MomentKernel::many_components, centred};
  if (suits_scatter_matrix(n_features, width)) return {MomentKernel::scatter_matrix, centred};
  return {MomentKernel::monomials, centred};
}

}  // namespace gmmx
