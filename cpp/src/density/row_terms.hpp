// What is known of single rows besides their numbers, as terms of their log-densities.
#pragma once

#include <cstdint>
#include <limits>

#include "checks.hpp"
#include "gmmx/rows.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// Added to log pi_k + log N(x_n | k) before responsibilities are made of them; minus infinity forbids a component.
// A block is computed in float or in double, whatever the rows are: both are asked for.
class RowTerms {
 public:
  virtual ~RowTerms() = default;
  // log_prob: those of rows first_row, first_row + 1, ..., a column a component.
  virtual void add_to(Index first_row, BlockOfColumns<float> log_prob) const = 0;
  virtual void add_to(Index first_row, BlockOfColumns<double> log_prob) const = 0;
};

// The terms of one block of rows, if there are any.
struct BlockTerms {
  const RowTerms* terms = nullptr;
  Index first_row = 0;

  template <class T>
  void add_to(BlockOfColumns<T> log_prob) const {
    if (terms) terms->add_to(first_row, log_prob);
  }
  // Of the block's row n alone; log_prob: all rows.
  template <class T>
  void add_to_row(Index n, BlockOfColumns<T> log_prob) const {
    if (terms) terms->add_to(first_row + n, part_of(log_prob, n, 0, 1, log_prob.cols()));
  }
};

// Rows whose component is known have no other: labels[n] is a component, or -1 where it is unknown.
class KnownLabels : public RowTerms {
 public:
  // The labels must live as long. \throws InvalidArgument where a label is less than -1 or not less than n_components
  KnownLabels(VectorView<const std::int32_t> labels, Index n_components) : labels_(labels) {
    check_labels(labels, n_components);
  }

  void add_to(Index first_row, BlockOfColumns<float> log_prob) const override { forbid_others(first_row, log_prob); }
  void add_to(Index first_row, BlockOfColumns<double> log_prob) const override { forbid_others(first_row, log_prob); }

 private:
  template <class T>
  void forbid_others(Index first_row, BlockOfColumns<T> log_prob) const {
    for (Index n = 0; n < log_prob.rows(); ++n) {
      const std::int32_t label = labels_[first_row + n];
      for (Index k = 0; label >= 0 && k < log_prob.cols(); ++k) {
        if (k != label) log_prob(n, k) = -std::numeric_limits<T>::infinity();
      }
    }
  }

  VectorView<const std::int32_t> labels_;
};

}  // namespace gmmx
