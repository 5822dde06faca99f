/// \file
/// The rows of a data set, the input of every pass.
#pragma once

#include <type_traits>

#include "gmmx/views.hpp"

namespace gmmx {

class RowTerms;

/// The data of a pass, as views. T is float or double. Everything except x may be absent.
template <class T>
struct Rows {
  Rows(MatrixView<const T> rows, VectorView<const double> sample_weight = {}, const RowTerms* row_terms = nullptr)
      : x(rows), weight(sample_weight), terms(row_terms) {}

  Index size() const { return x.rows(); }
  Index n_features() const { return x.cols(); }
  double weight_of(Index n) const { return weight.absent() ? 1.0 : weight[n]; }

  /// Rows begin to end - 1 with their weights and terms.
  Rows slice(Index begin, Index end) const {
    Rows part = *this;
    part.x = {&x(begin, 0), end - begin, x.cols(), x.row_stride(), x.col_stride()};
    if (!weight.absent()) part.weight = {&weight[begin], end - begin, weight.stride()};
    part.first = first + begin;
    return part;
  }

  MatrixView<const T> x;            ///< n x n_features; not checked for finite values
  VectorView<const double> weight;  ///< absent: ones. A row with weight 2 counts twice, one with weight 0 not at all
  const RowTerms* terms = nullptr;  ///< added to log(weights_k N(x_n | k)); must outlive this. Null adds nothing
  Index first = 0;                  ///< number of the first row in the rows before slicing, from which terms count
};

template <class T, class... Others>
Rows(MatrixView<T>, Others...) -> Rows<std::remove_const_t<T>>;

}  // namespace gmmx
