// Squared lengths of rows less a mean, times an upper triangular matrix: |U^T (x_n - m)|^2.
//
// The differences of a few rows are formed first and stay in the first-level cache; then some numbers of U^T (x - m) at
// a time are summed up in registers, and their squares added to the lengths. Of the mean, what T cannot hold is
// subtracted from these numbers: the sums begin with it, which costs nothing. (112)
#pragma once

#include <memory>
#include <vector>

#include "kernels/linear_forms.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// For some columns of U after the other: its rows down to the last diagonal, side by side.
template <class T>
class PackedUpper {
 public:
  // upper: U, zero below its diagonal.
  explicit PackedUpper(const Matrix<T>& upper);
  const T* data() const { return values_.data(); }

 private:
  std::vector<T> values_;
};

template <class T>
class MahalanobisKernel {
 public:
  // The mean m is `mean` and a remainder; correction: U^T times the remainder.
  MahalanobisKernel(std::shared_ptr<const PackedUpper<T>> upper, RowVector<T> mean, const RowVector<T>& correction);

  // out(n) = constant - |U^T (x_n - m)|^2 / 2. rows and out: aligned to packets. differences: scratch, aligned, of
  // min(rows.n_rows, four packets) numbers a feature.
  void evaluate(const Panel<T>& rows, T constant, T* differences, T* out) const;

 private:
  std::shared_ptr<const PackedUpper<T>> upper_;
  RowVector<T> mean_;
  RowVector<T> start_;  // of the sums: the correction, negative
};

}  // namespace gmmx
