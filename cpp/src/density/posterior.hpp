// From weighted log-densities to responsibilities, in place, with the row maximum taken out.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "density/columns.hpp"
#include "density/row_terms.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// weighted_log_prob (n x K) becomes responsibilities; log_prob_norm (n) receives log p(x_n).
// A row so far away that every density underflows even in logarithms has log p = -inf; its responsibilities
// are then those before seeing it, the weights of the components that its terms allow.
template <class T>
class Posterior {
 public:
  explicit Posterior(Index capacity) : maximum_(capacity), sum_(Column<T>::Ones(padded<T>(capacity))) {}

  void operator()(BlockOfColumns<T> resp, Eigen::Ref<Column<T>> log_prob_norm, Eigen::Ref<const Vector<T>> weights,
                  const BlockTerms& terms = {}) {
    terms.add_to(resp);
    find_maximum(resp);
    if (count_above(maximum_.data(), resp.rows(), -std::numeric_limits<T>::infinity()) < resp.rows()) {
      repair_rows_without_density(resp, weights, terms);
      find_maximum(resp);
    }
    // A few rows at a time stay in the first-level cache.
    for (Index n = 0; n < resp.rows(); n += few) {
      const Index size = std::min(few, resp.rows() - n);
      auto sum = sum_.segment(n, size);
      sum.setZero();
      for (Index k = 0; k < resp.cols(); ++k) exponentials(&resp(n, k), &maximum_(n), size, sum.data());
      // Logarithms of whole packets: the last rows of a block are rounded like all others, wherever it ends.
      logs_.head(padded<T>(size)) = sum_.segment(n, padded<T>(size)).log();
      log_prob_norm.segment(n, size) = maximum_.segment(n, size) + logs_.head(size);  // (7), (54)
      sum = sum.inverse();
      for (Index k = 0; k < resp.cols(); ++k) resp.col(k).segment(n, size) *= sum;  // (8), (55)
    }
    for (const Index n : rows_without_density_) log_prob_norm(n) = -std::numeric_limits<T>::infinity();
    rows_without_density_.clear();
  }

 private:
  static constexpr Index few = 128;

  void find_maximum(const BlockOfColumns<T>& resp) {
    auto maximum = maximum_.head(resp.rows());
    maximum = resp.col(0);
    for (Index k = 1; k < resp.cols(); ++k) maximum = maximum.max(resp.col(k));
  }

  void repair_rows_without_density(BlockOfColumns<T> resp, const Eigen::Ref<const Vector<T>>& weights,
                                   const BlockTerms& terms) {
    for (Index n = 0; n < resp.rows(); ++n) {
      bool found = false;
      for (Index k = 0; k < resp.cols(); ++k) {
        if (std::isnan(resp(n, k))) resp(n, k) = -std::numeric_limits<T>::infinity();
        found = found || resp(n, k) > -std::numeric_limits<T>::infinity();
      }
      if (found) continue;
      resp.row(n) = weights.array().log().transpose();
      terms.add_to_row(n, resp);
      if (resp.row(n).maxCoeff() == -std::numeric_limits<T>::infinity()) {  // the allowed ones have no weight
        resp.row(n).setZero();
        terms.add_to_row(n, resp);
      }
      rows_without_density_.push_back(n);
    }
  }

  Column<T> maximum_;
  Column<T> sum_;
  Column<T> logs_ = Column<T>::Zero(few);
  std::vector<Index> rows_without_density_;
};

}  // namespace gmmx
