// A block of rows in the cache: converted to columns, centred, with the scratch that kernels share.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "gmmx/views.hpp"
#include "linear_algebra.hpp"
#include "packets.hpp"
#include "panels/features.hpp"
#include "panels/products.hpp"
#include "panels/rows_to_columns.hpp"
#include "panels/scatter.hpp"

namespace gmmx {

// Results of a block, one column a component: room for whole packets of rows, all zero at first.
template <class T>
Array<T> block_results(Index capacity, Index n_columns) {
  return Array<T>::Zero(column_stride<T>(capacity), n_columns);
}

template <class T>
class Block {
 public:
  Block(Index capacity, Index n_features)
      : n_features_(n_features), columns_(column_stride<T>(capacity), n_features + 2) {
    columns_.col(0).setOnes();
  }

  // Rows begin..end less the origin. With data far from zero this is where the common offset goes away.
  void load(MatrixView<const T> rows, Index begin, Index end, const RowVector<T>& origin) {
    size_ = end - begin;
    squared_radius_.reset();
    is_packed_ = false;
    copy_to_columns(rows, begin, end, origin.data(), &columns_(0, 1), columns_.rows());
    columns_.middleRows(size_, padded_size() - size_).rightCols(n_features_ + 1).setZero();
  }

  Index size() const { return size_; }
  Index padded_size() const { return padded<T>(size_); }
  Index n_features() const { return n_features_; }
  auto rows() const { return columns_.middleCols(1, n_features_).topRows(size_); }
  const T* column_data(Index j) const { return &columns_(0, 1 + j); }
  auto column(Index j) const { return columns_.col(1 + j).head(size_).array(); }

  // The largest squared distance of a row from the origin: what bounds the rounding of the features.
  double squared_radius() {
    if (!squared_radius_) {
      auto norms = columns_.col(1 + n_features_).head(size_).array();
      norms = column(0).square();
      for (Index j = 1; j < n_features_; ++j) norms += column(j).square();
      squared_radius_ = size_ == 0 ? 0.0 : static_cast<double>(norms.maxCoeff());
    }
    return *squared_radius_;
  }

  // The features of a form (65), those that are columns as they are, then the others. A block is asked for one form
  // only.
  Panel<T> plain_features(SecondMomentForm form) {
    squared_radius();  // and |x|^2 of each row
    return {columns_.data(), columns_.rows(), padded_size(), n_plain_features(form, n_features_)};
  }
  ProductPanel<T> products(SecondMomentForm form) {
    if (factors_.empty()) {
      for (const ColumnPair pair : product_features(form, n_features_)) {
        factors_.push_back({pair.left * columns_.rows(), pair.right * columns_.rows()});
      }
    }
    return {columns_.data(), columns_.rows(), factors_.data(), padded_size(), static_cast<Index>(factors_.size())};
  }

  // The rows themselves as a panel.
  Panel<T> panel_of_rows() const { return {&columns_(0, 1), columns_.rows(), padded_size(), n_features_}; }

  // The rows in panels.
  RowPanels<T> row_panels() {
    T* const panels = scratch_panels(panels_).data();
    if (!is_packed_) pack_rows(panel_of_rows(), panels, panels_.rows());
    is_packed_ = true;
    return {panels, panels_.rows(), padded_size(), n_features_};
  }

  // Scratch (size x d). A kernel may use it until it returns.
  auto differences() { return scratch(differences_).topRows(size_); }
  auto whitened() { return scratch(whitened_).topRows(size_); }
  T* panels_of_some_rows() { return scratch_panels(some_panels_).data(); }

 private:
  Matrix<T>& scratch(Matrix<T>& matrix) { return scratch(matrix, columns_.rows(), n_features_); }
  Matrix<T>& scratch_panels(Matrix<T>& matrix) {
    return scratch(matrix, padded<T>(columns_.rows()) * packet_size<T>, n_panels_of<T>(n_features_));
  }
  static Matrix<T>& scratch(Matrix<T>& matrix, Index n_rows, Index n_columns) {
    if (matrix.size() == 0) matrix.setZero(n_rows, n_columns);
    return matrix;
  }

  Index n_features_;
  Index size_ = 0;
  Matrix<T> columns_;  // 1, x_1, ..., x_d, |x|^2
  Matrix<T> differences_;
  Matrix<T> whitened_;
  Matrix<T> panels_;
  Matrix<T> some_panels_;
  bool is_packed_ = false;
  std::vector<Factors> factors_;
  std::optional<double> squared_radius_;
};

}  // namespace gmmx
