// Rows of a block by columns, as kernels take them: 1, x_1, ..., x_d, |x|^2.
#pragma once

#include <optional>
#include <vector>

#include "gmmx/views.hpp"
#include "kernels/linear_forms.hpp"
#include "kernels/monomials.hpp"
#include "kernels/rows_to_columns.hpp"
#include "kernels/scatter_matrix.hpp"
#include "linear_algebra.hpp"
#include "simd.hpp"

namespace gmmx {

// Scratch that is taken when it is first needed.
template <class T>
Matrix<T>& lasting_scratch(Matrix<T>& matrix, Index n_rows, Index n_columns) {
  if (matrix.size() == 0) matrix.setZero(n_rows, n_columns);
  return matrix;
}

template <class T>
class RowColumns {
 public:
  // Takes no memory for rows before they are loaded.
  RowColumns(Index capacity, Index n_features) : stride_(column_stride<T>(capacity)), n_features_(n_features) {}

  void unload() { size_ = -1; }
  bool is_loaded() const { return size_ >= 0; }

  // Rows begin..end less an offset of d numbers, which must live as long.
  void load(MatrixView<const T> rows, Index begin, Index end, const T* offset) {
    if (columns_.size() == 0) {
      columns_.setZero(stride_, n_features_ + 2);
      columns_.col(0).setOnes();
    }
    size_ = end - begin;
    is_packed_ = false;
    largest_squared_norm_.reset();
    copy_to_columns(rows, begin, end, offset, &columns_(0, 1), stride_);
    columns_.middleRows(size_, padded_size() - size_).rightCols(n_features_ + 1).setZero();
  }

  Index size() const { return size_; }
  Index padded_size() const { return padded<T>(size_); }
  Index n_features() const { return n_features_; }
  auto rows() const { return columns_.middleCols(1, n_features_).topRows(size_); }
  const T* column_data(Index j) const { return &columns_(0, 1 + j); }
  auto column(Index j) const { return columns_.col(1 + j).head(size_).array(); }

  // The rows as a panel.
  Panel<T> panel() const { return {&columns_(0, 1), stride_, padded_size(), n_features_}; }

  // The rows in panels.
  RowPanels<T> row_panels() {
    T* const panels = lasting_scratch(panels_, padded<T>(stride_) * packet_size<T>, n_panels_of<T>(n_features_)).data();
    if (!is_packed_) pack_rows(panel(), panels, panels_.rows());
    is_packed_ = true;
    return {panels, panels_.rows(), padded_size(), n_features_};
  }

  // The largest |x - offset|^2 of a row. Leaves what it finds of each row beside the columns. Not inlined: whatever the
  // rows were loaded about, the same numbers are rounded in the same way.
  // Of one loading always about the same offset.
  EIGEN_DONT_INLINE double largest_squared_norm(const T* offset) {
    if (size_ == 0) return 0.0;
    if (largest_squared_norm_) return *largest_squared_norm_;
    auto norms = columns_.col(1 + n_features_).head(size_).array();
    norms = (column(0) - offset[0]).square();
    for (Index j = 1; j < n_features_; ++j) norms += (column(j) - offset[j]).square();
    return largest_squared_norm_.emplace(static_cast<double>(norms.maxCoeff()));
  }

  // The features of a form (65), those that are columns as they are; |x|^2 must have been found. Then the others.
  Panel<T> plain_monomials(SecondMoments form) const {
    return {columns_.data(), stride_, padded_size(), n_plain_monomials(form, n_features_)};
  }
  // Always of the same form.
  ProductPanel<T> products(SecondMoments form) {
    if (factors_.empty()) factors_ = product_monomials(form, n_features_, stride_);
    return {columns_.data(), stride_, factors_.data(), padded_size(), static_cast<Index>(factors_.size())};
  }

 private:
  Index stride_;
  Index n_features_;
  Index size_ = -1;  // not loaded
  Matrix<T> columns_;
  Matrix<T> panels_;
  bool is_packed_ = false;
  std::optional<double> largest_squared_norm_;
  std::vector<Factors> factors_;
};

}  // namespace gmmx
