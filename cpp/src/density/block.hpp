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
    panel_is_ready_ = false;
    using Strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
    using Source = Eigen::Map<const RowMajorMatrix<T>, 0, Strides>;
    if (size_ == 0) return;
    const Source source(&rows(begin, 0), size_, rows.cols(), Strides(rows.row_stride(), rows.col_stride()));
    for (Index j = 0; j < n_features_; ++j) {
      columns_.col(1 + j).head(size_) = source.col(j).array() - origin(j);
    }
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

  // visit(panel, first feature): all rows, a few features at a time. A block is asked for one form only.
  template <class Visit>
  void for_feature_panels(SecondMomentForm form, Visit visit) {
    prepare_panels(form);
    for (Index first = 0; first < n_pairs(); first += panel_.cols()) {
      const Index width = std::min(panel_.cols(), n_pairs() - first);
      if (!panel_is_ready_) fill_panel(first, width, 0, padded_size(), panel_);
      panel_is_ready_ = width == n_pairs();  // then it serves the next caller, too
      visit(Panel<T>{panel_.data(), panel_.rows(), padded_size(), width}, first);
    }
  }

  // visit(panel, first feature, first row): all features of a few rows before the next rows, unless one panel holds
  // all.
  template <class Visit>
  void for_row_panels(SecondMomentForm form, Visit visit) {
    prepare_panels(form);
    if (panel_.cols() == n_pairs()) {
      for_feature_panels(form, [&](const Panel<T>& panel, Index first) { visit(panel, first, Index{0}); });
      return;
    }
    if (row_panel_.size() == 0) row_panel_.resize(tile_rows<T>, row_panel_features);
    for (Index row = 0; row < padded_size(); row += tile_rows<T>) {
      const Index n = std::min(tile_rows<T>, padded_size() - row);
      for (Index first = 0; first < n_pairs(); first += row_panel_features) {
        const Index width = std::min(row_panel_features, n_pairs() - first);
        fill_panel(first, width, row, n, row_panel_);
        visit(Panel<T>{row_panel_.data(), row_panel_.rows(), n, width}, first, row);
      }
    }
  }

  // The rows themselves as a panel.
  Panel<T> panel_of_rows() const { return {&columns_(0, 1), columns_.rows(), padded_size(), n_features_}; }

  // Scratch (size x d). A kernel may use it until it returns.
  auto differences() { return scratch(differences_).topRows(size_); }
  auto whitened() { return scratch(whitened_).topRows(size_); }

 private:
  static constexpr Index panel_numbers = 24 * 1024;  // within a second-level cache
  static constexpr Index row_panel_features = 48;    // a tile of rows of these within a first-level cache

  void prepare_panels(SecondMomentForm form) {
    squared_radius();  // and |x|^2 of each row
    if (!pairs_.empty()) return;
    pairs_ = feature_pairs(form, n_features_);
    const Index width = std::max<Index>(panel_numbers / columns_.rows() / 3 * 3, 3);
    panel_.resize(columns_.rows(), std::min(n_pairs(), width));
  }

  Index n_pairs() const { return static_cast<Index>(pairs_.size()); }

  void fill_panel(Index first, Index width, Index row, Index n, Matrix<T>& panel) const {
    for (Index f = 0; f < width; ++f) {
      const FeaturePair pair = pairs_[static_cast<std::size_t>(first + f)];
      const T* const left = &columns_(row, pair.left);
      const T* const right = &columns_(row, pair.right);
      T* const to = &panel(0, f);
      for (Index i = 0; i < n; i += packet_size<T>) {
        store(to + i, Eigen::internal::pmul(gmmx::load(left + i), gmmx::load(right + i)));
      }
    }
  }

  Matrix<T>& scratch(Matrix<T>& matrix) {
    if (matrix.size() == 0) matrix.setZero(columns_.rows(), n_features_);
    return matrix;
  }

  Index n_features_;
  Index size_ = 0;
  Matrix<T> columns_;  // 1, x_1, ..., x_d, |x|^2
  Matrix<T> differences_;
  Matrix<T> whitened_;
  std::vector<FeaturePair> pairs_;
  Matrix<T> panel_;      // few features of all rows
  Matrix<T> row_panel_;  // more features of few rows
  bool panel_is_ready_ = false;
  std::optional<double> squared_radius_;
};

}  // namespace gmmx
