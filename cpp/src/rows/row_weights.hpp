// The sample weights of one block of rows; absent weights are ones.
#pragma once

#include "gmmx/views.hpp"
#include "linear_algebra.hpp"
#include "sum_of.hpp"

namespace gmmx {

class RowWeights {
 public:
  explicit RowWeights(Index capacity) : values_(capacity) {}

  void load(VectorView<const double> sample_weight, Index begin, Index end) {
    size_ = end - begin;
    absent_ = sample_weight.absent();
    if (absent_) return;
    for (Index n = 0; n < size_; ++n) values_(n) = sample_weight[begin + n];
  }

  double total() const { return absent_ ? static_cast<double>(size_) : values_.head(size_).sum(); }
  Index n_positive() const { return absent_ ? size_ : (values_.head(size_) > 0).count(); }

  // Rows with weight 0 are ignored, even if they are infinite.
  template <class Values>
  double weighted_sum(const Values& values) const {
    if (absent_) return sum_of(values.data(), size_);
    double sum = 0;
    for (Index n = 0; n < size_; ++n) {
      if (values_(n) > 0) sum += values_(n) * static_cast<double>(values(n));
    }
    return sum;
  }

  template <class T>
  void scale_rows(BlockOfColumns<T> resp) const {
    if (absent_) return;
    for (Index k = 0; k < resp.cols(); ++k) resp.col(k) *= values_.head(size_).template cast<T>();
  }

 private:
  Index size_ = 0;
  bool absent_ = true;
  Column<double> values_;
};

}  // namespace gmmx
