// (58) The nearest of several centers to each row of a block.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "density/block.hpp"
#include "density/columns.hpp"
#include "kernels/linear_forms.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// The fast formula leaves out |x|^2, which is the same for all centers, and takes rows and centers relative to an
// origin: it compares x^T c - |c|^2 / 2. Rounding moves the border of two clusters by
//
//     (114)  eps |c| (|x| + |c|) / |c_a - c_b|,
//
// which must be a small share of the distance of these two centers. Blocks for which it is not are compared by the
// distances themselves, of rows as they were given.
template <class T>
class NearestCenter {
 public:
  // centers: must live as long. radius: no row is farther from the origin; infinite if nothing is known of that.
  NearestCenter(const RowMajorMatrix<double>& centers, const RowVector<T>& origin, double radius) : centers_(centers) {
    const RowMajorMatrix<double> relative = centers.rowwise() - origin.template cast<double>();
    const Vector<double> squares = relative.rowwise().squaredNorm();
    relative_ = relative.transpose().template cast<T>();
    half_norms_ = (0.5 * squares.transpose()).template cast<T>();
    largest_norm_ = std::sqrt(squares.maxCoeff());
    for (Index a = 1; a < centers.rows(); ++a) {
      for (Index b = 0; b < a; ++b) {
        const double gap = (centers.row(a) - centers.row(b)).squaredNorm();
        if (gap > 0) least_squared_gap_ = std::min(least_squared_gap_, gap);
      }
    }
    always_is_precise_ = radius * radius < std::numeric_limits<T>::max() && is_precise(radius);
  }

  // Of two centers that differ; infinite where there are none.
  double least_squared_gap() const { return least_squared_gap_; }

  // nearest[n]: of the block's row n, the first of equally near ones. scores: scratch, a column a center.
  void find(Block<T>& block, Array<T>& scores, T* nearest) const {
    const Index k = half_norms_.size();
    if (always_is_precise_ || is_precise(std::sqrt(block.squared_radius()))) {
      scores.topRows(block.padded_size()).rowwise() = -half_norms_.array();
      add_linear_forms(block.about_origin().panel(), relative_.data(), k, k, scores.data(), scores.rows());
    } else {
      compare_distances(block.as_given(), scores);
    }
    largest_column(scores.data(), scores.rows(), k, block.size(), nearest);
  }

 private:
  bool is_precise(double radius) const {
    constexpr double allowed = std::is_same_v<T, double> ? 1e-6 : 1e-2;
    constexpr double eps = std::numeric_limits<T>::epsilon();
    return eps * largest_norm_ * (radius + largest_norm_) <= allowed * least_squared_gap_;
  }

  void compare_distances(const RowColumns<T>& rows, Array<T>& scores) const {
    for (Index k = 0; k < centers_.rows(); ++k) {
      auto column = scores.col(k).head(rows.size());
      column = -difference(rows, k, 0).square();
      for (Index j = 1; j < rows.n_features(); ++j) column -= difference(rows, k, j).square();
    }
  }
  auto difference(const RowColumns<T>& rows, Index k, Index j) const {
    const double center = centers_(k, j);
    const auto high = static_cast<T>(center);
    return rows.column(j) - high - static_cast<T>(center - static_cast<double>(high));  // (112)
  }

  const RowMajorMatrix<double>& centers_;
  RowMajorMatrix<T> relative_;  // d x K
  RowVector<T> half_norms_;
  double largest_norm_;
  double least_squared_gap_ = std::numeric_limits<double>::infinity();
  bool always_is_precise_ = false;
};

}  // namespace gmmx
