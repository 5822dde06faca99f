// Features of rows in which every weighted log-density is linear, and whose weighted sums are the sufficient
// statistics: phi(x) = (1, x, second), where `second` is what a form of second moments keeps of x x^T. (65)
#pragma once

#include <vector>

#include "gmmx/sufficient_statistics.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

// full: x_i x_j for i <= j; diagonal: x_j^2; trace: |x|^2; pooled: nothing, as that sum is the same for all components.
inline Index n_second_monomials(SecondMoments form, Index d) {
  const Index count[] = {d * (d + 1) / 2, 0, d, 1};
  return count[static_cast<std::size_t>(form)];
}

inline Index n_monomials(SecondMoments form, Index d) { return 1 + d + n_second_monomials(form, d); }

// Of the columns (1, x_1, ..., x_d, |x|^2) so many are features as they are.
inline Index n_plain_monomials(SecondMoments form, Index d) { return 1 + d + (form == SecondMoments::trace); }

// The other features are products of two columns.
struct ColumnPair {
  Index left;
  Index right;
};

inline std::vector<ColumnPair> product_monomials(SecondMoments form, Index d) {
  std::vector<ColumnPair> pairs;
  if (form == SecondMoments::full) {
    pairs.reserve(static_cast<std::size_t>(n_second_monomials(form, d)));
    for (Index i = 1; i <= d; ++i) {
      for (Index j = i; j <= d; ++j) pairs.push_back({i, j});
    }
  }
  if (form == SecondMoments::diagonal) {
    for (Index j = 1; j <= d; ++j) pairs.push_back({j, j});
  }
  return pairs;
}

}  // namespace gmmx
