/// \file
/// Quick looks at rows: what they clear needs no further search.
#pragma once

#include <vector>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Whether all numbers are finite; false if in doubt, because their sum overflows.
GMMX_EXPORT bool all_finite(MatrixView<const double> rows);
GMMX_EXPORT bool all_finite(MatrixView<const float> rows);

/// Whether no column is constant, up to rounding, in finite rows, some hundred of which are enough; false if in doubt.
GMMX_EXPORT bool columns_vary(MatrixView<const double> rows);
GMMX_EXPORT bool columns_vary(MatrixView<const float> rows);

/// Whether, in finite rows, no column is constant and each has, in the order of the columns, more than a share of its
/// variance that those before leave unexplained; false if in doubt. Takes time in proportion to the square of the
/// columns.
GMMX_EXPORT bool columns_are_independent(MatrixView<const double> rows, double share);
GMMX_EXPORT bool columns_are_independent(MatrixView<const float> rows, double share);

/// The columns in which one of finite rows may outweigh all others in a sum of squares; no other column has such a row.
/// Equation (115) of the theory.
GMMX_EXPORT std::vector<Index> columns_where_a_row_may_outweigh(MatrixView<const double> rows);
GMMX_EXPORT std::vector<Index> columns_where_a_row_may_outweigh(MatrixView<const float> rows);

}  // namespace gmmx
