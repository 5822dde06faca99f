// Monomials of rows in which every weighted log-density is linear, and whose weighted sums are the sufficient
// statistics: phi(x) = (1, x, second), where `second` is what a form of second moments keeps of x x^T: x_i x_j for
// i <= j, x_j^2, |x|^2, or nothing where that sum is the same for all components. (65)
#pragma once

#include <vector>

#include "kernels/linear_forms.hpp"
#include "statistics/second_moments.hpp"

namespace gmmx {

// Number of the columns (1, x_1, ..., x_d, |x|^2) that are monomials without products.
inline Index n_plain_monomials(SecondMoments form, Index d) { return 1 + d + (traits_of(form).n_feature_axes == 0); }

// The other monomials are products of two columns, which are `stride` apart.
inline std::vector<Factors> product_monomials(SecondMoments form, Index d, Index stride) {
  const SecondMomentTraits& traits = traits_of(form);
  std::vector<Factors> pairs;
  if (!traits.by_component || traits.n_feature_axes == 0) return pairs;
  pairs.reserve(static_cast<std::size_t>(traits.n_second_monomials(d)));
  for (Index i = 1; i <= d; ++i) {
    for (Index j = i; j <= (traits.has_matrices() ? d : i); ++j) pairs.push_back({i * stride, j * stride});
  }
  return pairs;
}

}  // namespace gmmx
