#include "density/row_terms.hpp"

#include <limits>

#include "checks.hpp"

namespace gmmx {

namespace {

template <class T>
void forbid_others(VectorView<const std::int32_t> labels, Index first_row, BlockOfColumns<T> log_prob) {
  for (Index n = 0; n < log_prob.rows(); ++n) {
    const std::int32_t label = labels[first_row + n];
    for (Index k = 0; label >= 0 && k < log_prob.cols(); ++k) {
      if (k != label) log_prob(n, k) = -std::numeric_limits<T>::infinity();
    }
  }
}

}  // namespace

KnownLabels::KnownLabels(VectorView<const std::int32_t> labels, Index n_components) : labels_(labels) {
  check_labels(labels, n_components);
}

void KnownLabels::add_to(Index first_row, BlockOfColumns<float> log_prob) const {
  forbid_others(labels_, first_row, log_prob);
}

void KnownLabels::add_to(Index first_row, BlockOfColumns<double> log_prob) const {
  forbid_others(labels_, first_row, log_prob);
}

}  // namespace gmmx
