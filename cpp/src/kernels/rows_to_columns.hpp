// From rows, as users hand them over, to columns that begin at an origin.
#pragma once

#include "gmmx/views.hpp"

namespace gmmx {

// columns[j * stride + n - begin] = rows(n, j) - origin[j], for the rows begin..end.
template <class T>
void copy_to_columns(MatrixView<const T> rows, Index begin, Index end, const T* origin, T* columns, Index stride);

}  // namespace gmmx
