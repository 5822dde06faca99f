/// \file
/// Non-owning views of numbers, through which rows enter the library.
#pragma once

#include <cstddef>
#include <type_traits>

#include "gmmx/version.hpp"

namespace gmmx {

/// Signed size and position type of the whole library.
using Index = std::ptrdiff_t;

/// A strided view of a vector. Strides count elements, not bytes, and may be negative or zero.
template <class T>
class VectorView {
 public:
  VectorView() = default;
  VectorView(T* data, Index size, Index stride = 1) : data_(data), size_(size), stride_(stride) {}

  /// A view of mutable elements is also a view of constant ones.
  template <class U, class = std::enable_if_t<std::is_same_v<const U, T>>>
  VectorView(const VectorView<U>& other) : data_(other.data()), size_(other.size()), stride_(other.stride()) {}

  T* data() const { return data_; }
  Index size() const { return size_; }
  Index stride() const { return stride_; }
  /// True for a default-constructed view, which stands for a missing vector.
  bool absent() const { return data_ == nullptr; }
  T& operator[](Index i) const { return data_[i * stride_]; }

 private:
  T* data_ = nullptr;
  Index size_ = 0;
  Index stride_ = 1;
};

/// A strided view of a matrix, one sample per row. Strides count elements and may be negative or zero, so views cover C
/// order, Fortran order and slices.
template <class T>
class MatrixView {
 public:
  MatrixView() = default;
  /// Contiguous rows (C order).
  MatrixView(T* data, Index rows, Index cols) : MatrixView(data, rows, cols, cols, 1) {}
  MatrixView(T* data, Index rows, Index cols, Index row_stride, Index col_stride)
      : data_(data), rows_(rows), cols_(cols), row_stride_(row_stride), col_stride_(col_stride) {}

  template <class U, class = std::enable_if_t<std::is_same_v<const U, T>>>
  MatrixView(const MatrixView<U>& other)
      : MatrixView(other.data(), other.rows(), other.cols(), other.row_stride(), other.col_stride()) {}

  T* data() const { return data_; }
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index row_stride() const { return row_stride_; }
  Index col_stride() const { return col_stride_; }
  T& operator()(Index row, Index col) const { return data_[row * row_stride_ + col * col_stride_]; }

 private:
  T* data_ = nullptr;
  Index rows_ = 0;
  Index cols_ = 0;
  Index row_stride_ = 0;
  Index col_stride_ = 0;
};

}  // namespace gmmx
