// A block of rows in the cache: converted to columns, centred, with the scratch that kernels share.
#pragma once

#include <optional>

#include "density/features.hpp"
#include "gmmx/views.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

template <class T>
class Block {
 public:
  Block(Index capacity, Index n_features)
      : rows_(capacity, n_features), differences_(capacity, n_features), whitened_(capacity, n_features) {}

  // Rows begin..end less the origin. With data far from zero this is where the common offset goes away.
  void load(MatrixView<const T> rows, Index begin, Index end, const RowVector<T>& origin) {
    size_ = end - begin;
    squared_radius_.reset();
    has_features_ = false;
    using Strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
    using Source = Eigen::Map<const RowMajorMatrix<T>, 0, Strides>;
    if (size_ == 0) return;
    const Source source(&rows(begin, 0), size_, rows.cols(), Strides(rows.row_stride(), rows.col_stride()));
    for (Index j = 0; j < rows.cols(); ++j) {
      rows_.col(j).head(size_) = source.col(j).array() - origin(j);
    }
  }

  Index size() const { return size_; }
  Index n_features() const { return rows_.cols(); }
  auto rows() const { return rows_.topRows(size_); }
  auto column(Index j) const { return rows_.col(j).head(size_).array(); }

  // The largest squared distance of a row from the origin: what bounds the rounding of the features.
  double squared_radius() {
    if (!squared_radius_) {
      auto norms = whitened_.col(0).head(size_);
      norms = column(0).square();
      for (Index j = 1; j < n_features(); ++j) norms.array() += column(j).square();
      squared_radius_ = size_ == 0 ? 0.0 : static_cast<double>(norms.maxCoeff());
    }
    return *squared_radius_;
  }

  // The rows' features (size x p), computed once a block.
  auto features(SecondMomentForm form) {
    if (!has_features_) {
      features_.resize(rows_.rows(), n_features_of(form, n_features()));
      fill_features(form, rows(), features_.topRows(size_));
      has_features_ = true;
    }
    return features_.topRows(size_);
  }

  // Scratch (size x d). A kernel may use it until it returns.
  auto differences() { return differences_.topRows(size_); }
  auto whitened() { return whitened_.topRows(size_); }

 private:
  Index size_ = 0;
  Matrix<T> rows_;
  Matrix<T> differences_;
  Matrix<T> whitened_;
  Matrix<T> features_;
  bool has_features_ = false;
  std::optional<double> squared_radius_;
};

}  // namespace gmmx
