// Linear forms of single rows, as they lie in memory, wherever they lie: the few rows that a pass has left to look at.
#pragma once

#include "gmmx/views.hpp"

namespace gmmx {

// Rows of a matrix by their numbers.
template <class T>
struct RowList {
  MatrixView<const T> rows;
  const Index* numbers;
  Index size;
};

// out(i, k) += sum_f (row i(f) - origin(f)) coefficients(f, k), the same bits as those of add_linear_forms(). Both
// coefficients and out are row by row, `stride` numbers apart: n_columns, then room for whole packets.
template <class T>
void add_row_scores(const RowList<T>& list, const T* origin, const T* coefficients, Index n_columns, Index stride,
                    T* out);

}  // namespace gmmx
