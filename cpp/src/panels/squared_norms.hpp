// Squared lengths of rows less a mean, times an upper triangular matrix: |U^T (x_n - m)|^2.
//
// The differences of a few rows are formed first and stay in the first-level cache; then some numbers of U^T (x - m) at
// a time are summed up in registers, and their squares added to the lengths.
#pragma once

#include <vector>

#include "linear_algebra.hpp"
#include "panels/products.hpp"

namespace gmmx {

template <class T>
class SquaredNorms {
 public:
  // upper: U, zero below its diagonal.
  SquaredNorms(const Matrix<T>& upper, const RowVector<T>& mean);

  // out(n) = constant - |U^T (x_n - m)|^2 / 2. rows and out: aligned to packets. differences: scratch, aligned, of
  // four packets a feature.
  void evaluate(const Panel<T>& rows, T constant, T* differences, T* out) const;

 private:
  RowVector<T> mean_;
  std::vector<T> packed_;  // for some columns of U after the other: its rows down to the last diagonal, side by side
};

}  // namespace gmmx
