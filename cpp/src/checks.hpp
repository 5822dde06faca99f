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
void check_sample_weight(const Rows<T>& rows) {
  const VectorView<const double> weight = rows.weight;
  const Index n_rows = rows.size();
  if (weight.absent()) return;
  if (weight.size() != n_rows) {
    throw InvalidArgument("sample_weight has " + std::to_string(weight.size()) + " numbers for " +
                          std::to_string(n_rows) + " rows; give one a row");
  }
  for (Index n = 0; n < n_rows; ++n) {
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
