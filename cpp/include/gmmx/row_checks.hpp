/// \file
/// Fast checks of rows, float or double; rows that pass need no detailed check.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Whether all numbers are finite. May be false for finite rows whose sum overflows.
template <class T>
GMMX_EXPORT bool all_finite(MatrixView<const T> rows);

/// Whether no column of finite rows is constant up to rounding, judged by a few hundred rows. False if in doubt.
template <class T>
GMMX_EXPORT bool columns_vary(MatrixView<const T> rows);

/// Whether no column of finite rows is constant, and the columns before each column leave more than a given share of
/// its variance unexplained. False if in doubt. The time grows with the square of the number of columns.
template <class T>
GMMX_EXPORT bool columns_are_independent(MatrixView<const T> rows, double share);

/// Columns in which one of the finite rows may outweigh all others in a sum of squares. Other columns have no such row.
/// Equation (115) of the theory.
template <class T>
GMMX_EXPORT std::vector<Index> columns_where_a_row_may_outweigh(MatrixView<const T> rows);

}  // namespace gmmx
