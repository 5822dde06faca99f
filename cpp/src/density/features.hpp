// Features of rows in which every weighted log-density is linear, and whose weighted sums are the sufficient
// statistics: phi(x) = (1, x, second), where `second` is what a form of second moments keeps of x x^T.
#pragma once

#include "gmmx/sufficient_statistics.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// full: x_i x_j for i <= j; diagonal: x_j^2; trace: |x|^2; pooled: nothing, as that sum is the same for all components.
inline Index n_second_features(SecondMomentForm form, Index d) {
  const Index count[] = {d * (d + 1) / 2, 0, d, 1};
  return count[static_cast<std::size_t>(form)];
}

inline Index n_features_of(SecondMomentForm form, Index d) { return 1 + d + n_second_features(form, d); }

template <class Rows, class Features>
void fill_features(SecondMomentForm form, const Rows& x, Features&& phi) {
  const Index d = x.cols();
  phi.col(0).setOnes();
  phi.middleCols(1, d) = x;
  Index at = 1 + d;
  switch (form) {
    case SecondMomentForm::full:
      for (Index i = 0; i < d; ++i) {
        for (Index j = i; j < d; ++j) phi.col(at++) = x.col(i).cwiseProduct(x.col(j));
      }
      break;
    case SecondMomentForm::diagonal:
      phi.middleCols(at, d) = x.cwiseProduct(x);
      break;
    case SecondMomentForm::trace:
      phi.col(at) = x.col(0).cwiseProduct(x.col(0));
      for (Index j = 1; j < d; ++j) phi.col(at) += x.col(j).cwiseProduct(x.col(j));
      break;
    case SecondMomentForm::pooled:
      break;
  }
}

}  // namespace gmmx
