/// \file
/// The rows of a data set: the input of every pass over them.
#pragma once

#include <type_traits>

#include "gmmx/views.hpp"

namespace gmmx {

class RowTerms;

/// Everything that a pass may know of its rows, as views: T is float or double. All but x may be absent.
template <class T>
struct Rows {
  Rows(MatrixView<const T> rows, VectorView<const double> sample_weight = {}, const RowTerms* row_terms = nullptr)
      : x(rows), weight(sample_weight), terms(row_terms) {}

  Index size() const { return x.rows(); }
  Index n_features() const { return x.cols(); }
  double weight_of(Index n) const { return weight.absent() ? 1.0 : weight[n]; }

  /// Rows begin to end - 1 with what belongs to them.
  Rows slice(Index begin, Index end) const {
    Rows part = *this;
    part.x = {&x(begin, 0), end - begin, x.cols(), x.row_stride(), x.col_stride()};
    if (!weight.absent()) part.weight = {&weight[begin], end - begin, weight.stride()};
    part.first = first + begin;
    return part;
  }

  MatrixView<const T> x;  ///< n x n_features; not checked for numbers that are not finite
  VectorView<const double>
      weight;  ///< absent: ones. A weight of 2 means that the row stands twice, 0 that it is absent
  const RowTerms* terms = nullptr;  ///< added to log(weights_k N(x_n | k)); must live as long. Null: nothing is added
  Index first = 0;                  ///< number of the first row: terms count from the rows that were not sliced
};

template <class T, class... Others>
Rows(MatrixView<T>, Others...) -> Rows<std::remove_const_t<T>>;

}  // namespace gmmx
