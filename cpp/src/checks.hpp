// Checks of arguments that several functions share.
#pragma once

#include <cmath>
#include <string>

#include "format.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

template <class T>
void check_features(MatrixView<const T> rows, const Mixture& mixture) {
  if (rows.cols() == mixture.n_features()) return;
  throw InvalidArgument("rows has " + std::to_string(rows.cols()) + " features, but the mixture has " +
                        std::to_string(mixture.n_features()) + "; give the features that the mixture was made for");
}

inline void check_sample_weight(VectorView<const double> weight, Index n_rows) {
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

inline void check_output(Index given_rows, Index given_cols, Index rows, Index cols) {
  if (given_rows == rows && given_cols == cols) return;
  throw InvalidArgument("out has shape (" + std::to_string(given_rows) + ", " + std::to_string(given_cols) +
                        "), but the result has (" + std::to_string(rows) + ", " + std::to_string(cols) + ")");
}

}  // namespace gmmx
