// Checks of arguments that several functions share.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "format.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/rows.hpp"

namespace gmmx {

// The place of an enumerator among `count` that are numbered from 0: the language lets any number pass for one.
// \param type its name, for the message
template <class Enum>
std::size_t place_of(Enum value, std::size_t count, const char* type) {
  const auto number = static_cast<long long>(value);
  if (number >= 0 && static_cast<unsigned long long>(number) < count) return static_cast<std::size_t>(number);
  throw InvalidArgument(std::string(type) + " is the number " + std::to_string(number) +
                        ", which is not an enumerator; the enumerators are numbered from 0 to " +
                        std::to_string(count - 1) + "; write one of them by its name");
}

template <class T>
void check_features(MatrixView<const T> rows, const Mixture& mixture) {
  if (rows.cols() == mixture.n_features()) return;
  throw InvalidArgument("rows has " + std::to_string(rows.cols()) + " features, but the mixture has " +
                        std::to_string(mixture.n_features()) + "; give the features that the mixture was made for");
}

template <class T>
void check_rows(MatrixView<const T> rows) {
  if (rows.rows() < 1 || rows.cols() < 1 || rows.data() == nullptr) {
    throw InvalidArgument("rows has shape (" + std::to_string(rows.rows()) + ", " + std::to_string(rows.cols()) +
                          ") or points nowhere; give at least one row of one feature");
  }
  for (Index n = 0; n < rows.rows(); ++n) {
    for (Index j = 0; j < rows.cols(); ++j) {
      if (std::isfinite(rows(n, j))) continue;
      throw InvalidArgument("rows(" + std::to_string(n) + ", " + std::to_string(j) + ") is " +
                            text_of(static_cast<double>(rows(n, j))) +
                            ", but all numbers must be finite; leave the row out or fill the gap in");
    }
  }
}

// One entry a row.
inline void check_length(const char* name, Index length, Index n_rows) {
  if (length == n_rows) return;
  throw InvalidArgument(std::string(name) + " has " + std::to_string(length) + " numbers for " +
                        std::to_string(n_rows) + " rows; give one a row");
}

template <class T>
void check_sample_weight(const Rows<T>& rows) {
  const VectorView<const double> weight = rows.weight;
  if (weight.absent()) return;
  check_length("sample_weight", weight.size(), rows.size());
  for (Index n = 0; n < weight.size(); ++n) {
    if (weight[n] >= 0 && std::isfinite(weight[n])) continue;
    throw InvalidArgument("sample_weight[" + std::to_string(n) + "] is " + text_of(weight[n]) +
                          "; weights must be finite and not negative");
  }
}

// Labels of components; -1: none.
inline void check_labels(VectorView<const std::int32_t> labels, Index n_components) {
  for (Index n = 0; n < labels.size(); ++n) {
    if (labels[n] >= -1 && labels[n] < n_components) continue;
    throw InvalidArgument(
        "labels[" + std::to_string(n) + "] is " + std::to_string(labels[n]) +
        "; labels must be -1 (no component) or from 0 to n_components - 1 = " + std::to_string(n_components - 1));
  }
}

inline void check_output(Index given_rows, Index given_cols, Index rows, Index cols) {
  if (given_rows == rows && given_cols == cols) return;
  throw InvalidArgument("out has shape (" + std::to_string(given_rows) + ", " + std::to_string(given_cols) +
                        "), but the result has (" + std::to_string(rows) + ", " + std::to_string(cols) + ")");
}

}  // namespace gmmx
