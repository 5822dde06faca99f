// Quadratic forms of the rows of a block, one a component,
//
//     out(n, k) = c_k + sum_i x_ni (b_ik + sum_{j >= i} w_ijk x_nj),
//
// evaluated as they stand: of a few rows and components the inner sums are kept in registers, and begin with b. That is
// one multiplication for each coefficient but c, where linear forms of products x_i x_j take another one for each of
// these, and nothing but multiply-adds between the loads.
#pragma once

#include <vector>

#include "kernels/linear_forms.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

template <class T>
class QuadraticForms {
 public:
  // coefficients: features (65) of the form `full` x K.
  QuadraticForms(Index n_features, const Matrix<double>& coefficients);

  // rows: aligned to packets. out: aligned columns of out_stride; what they hold is written over.
  void evaluate(const Panel<T>& rows, T* out, Index out_stride) const;

 private:
  Index n_forms_;
  std::vector<T> packed_;  // of some forms after the other: c, then for each i: b_i, w_ij; side by side
};

}  // namespace gmmx
