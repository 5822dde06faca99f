// Rows of a pass whose result is lost: a density left the range of the numbers, or the row is not finite.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "format.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

struct LostRow {
  Index row;
  double log_density;  // as far as known; finite where only the result's type cannot hold it
};

template <class Rows>
bool is_finite_row(const Rows& rows, Index row) {
  for (Index j = 0; j < rows.cols(); ++j) {
    if (!std::isfinite(rows(row, j))) return false;
  }
  return true;
}

// The error that names the row, its largest number and the remedy.
template <class T>
RowOutOfRange out_of_range(MatrixView<const T> rows, const LostRow& lost) {
  const auto size_of = [&](Index j) {
    const double size = std::abs(static_cast<double>(rows(lost.row, j)));
    return std::isnan(size) ? std::numeric_limits<double>::infinity() : size;
  };
  Index largest = 0;
  for (Index j = 1; j < rows.cols(); ++j) {
    if (size_of(j) > size_of(largest)) largest = j;
  }
  const auto value = static_cast<double>(rows(lost.row, largest));
  const auto error = [&](const std::string& what, const std::string& rest) {
    return RowOutOfRange(lost.row, "holds " + what + " in row " + std::to_string(lost.row) +
                                       " (the first is 0) of column " + std::to_string(largest) + rest);
  };
  if (!is_finite_row(rows, lost.row)) {
    return error(
        std::isnan(value) ? "NaN" : "infinity",
        ", but all numbers must be finite. Fill in missing values, or drop the rows or columns that have them.");
  }
  if (std::isfinite(lost.log_density)) {
    return error(text_of(value), ", whose log-density of " + text_of(lost.log_density) +
                                     " overflows float32, but log-densities must be finite. Convert X to float64, or "
                                     "drop the row.");
  }
  return error(text_of(value),
               ", so far from every component that squares overflow float64, but log-densities must be "
               "finite. Drop the row, or scale the columns and fit again.");
}

}  // namespace gmmx
