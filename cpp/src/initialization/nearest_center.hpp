// (58) The nearest of several centers to each row of a block.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "density/block.hpp"
#include "density/columns.hpp"
#include "initialization/distance_bounds.hpp"
#include "kernels/linear_forms.hpp"
#include "kernels/row_scores.hpp"
#include "kernels/rows_to_columns.hpp"
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
  NearestCenter(const RowMajorMatrix<double>& centers, const RowVector<T>& origin, double radius)
      : centers_(centers),
        origin_(origin),
        relative_(centers.rows(), centers.cols()),
        coefficients_(RowMajorMatrix<T>::Zero(centers.cols(), padded<T>(centers.rows()))),
        half_norms_(RowVector<T>::Zero(coefficients_.cols())) {
    double largest_square = 0;
    for (Index k = 0; k < centers.rows(); ++k) {
      double square = 0;
      for (Index j = 0; j < centers.cols(); ++j) {
        const double difference = centers(k, j) - static_cast<double>(origin(j));
        square += difference * difference;
        relative_(k, j) = coefficients_(j, k) = static_cast<T>(difference);
      }
      half_norms_(k) = static_cast<T>(0.5 * square);
      largest_square = std::max(largest_square, square);
    }
    largest_norm_ = std::sqrt(largest_square);
    for (Index a = 1; a < centers.rows(); ++a) {
      for (Index b = 0; b < a; ++b) {
        const double gap = (centers.row(a) - centers.row(b)).squaredNorm();
        if (gap > 0) least_squared_gap_ = std::min(least_squared_gap_, gap);
      }
    }
    always_is_precise_ = radius * radius < std::numeric_limits<T>::max() && is_precise(radius);
  }

  Index n_centers() const { return centers_.rows(); }

  // Of two centers that differ; infinite where there are none.
  double least_squared_gap() const { return least_squared_gap_; }

  // Whether the fast formula serves all rows.
  bool always_is_precise() const { return always_is_precise_; }

  // Of the fast formula.
  DistanceRounding rounding() const {
    const auto d = static_cast<double>(centers_.cols());
    const double n_additions = std::min<double>(d, features_of_a_section) + d / features_of_a_section + 8;
    return {n_additions * std::numeric_limits<T>::epsilon(), largest_norm_, least_squared_gap_};
  }

  // nearest[n]: of the block's row n, the first of equally near ones. scores: scratch, a column a center.
  void find(Block<T>& block, Array<T>& scores, T* nearest) const {
    const Index k = centers_.rows();
    if (always_is_precise_ || is_precise(std::sqrt(block.squared_radius()))) {
      scores.topRows(block.padded_size()).rowwise() = -half_norms_.head(k).array();
      add_linear_forms(block.about_origin().panel(), coefficients_.data(), coefficients_.cols(), k, scores.data(),
                       scores.rows());
    } else {
      compare_distances(block.as_given(), scores);
    }
    largest_column(scores.data(), scores.rows(), k, block.size(), nearest);
  }

  // What is found of single rows.
  struct Some {
    explicit Some(const NearestCenter& nearest_center)
        : scores(at_once, nearest_center.coefficients_.cols()),
          columns(block_results<T>(at_once, nearest_center.coefficients_.cols())),
          nearest(padded<T>(at_once)),
          largest(padded<T>(at_once)),
          second(padded<T>(at_once)) {}
    static constexpr Index at_once = 64;
    RowMajorMatrix<T> scores;  // x^T c - |c|^2 / 2, a row a row
    Array<T> columns;          // the same
    Column<T> nearest;         // (58) its number
    Column<T> largest;         // scores of the nearest and of the second nearest
    Column<T> second;
  };

  // The same for at most Some::at_once rows by their numbers, with the fast formula.
  void find(const RowList<T>& list, Some& some) const {
    some.scores.topRows(list.size).rowwise() = -half_norms_;
    add_row_scores(list, origin_.data(), coefficients_.data(), centers_.rows(), coefficients_.cols(),
                   some.scores.data());
    const MatrixView<const T> scores(some.scores.data(), list.size, some.scores.cols());
    copy_to_columns(scores, 0, list.size, zeros_.data(), some.columns.data(), some.columns.rows());
    two_largest_columns(some.columns.data(), some.columns.rows(), centers_.rows(), list.size, some.nearest.data(),
                        some.largest.data(), some.second.data());
  }

  // Of a row to a center, in T.
  double squared_distance(MatrixView<const T> rows, Index n, Index center) const {
    const T* const x = &rows(n, 0);
    const T* const c = &relative_(center, 0);
    const T* const origin = origin_.data();
    const Index stride = rows.col_stride();
    const Index d = rows.cols();
    constexpr Index lanes = 64 / sizeof(T);
    T rest = 0;
    Index j = 0;
    if (stride == 1 && d >= lanes) {
      T sums[lanes] = {};
      for (; j + lanes <= d; j += lanes) {
        for (Index i = 0; i < lanes; ++i) {
          const T difference = x[j + i] - origin[j + i] - c[j + i];
          sums[i] += difference * difference;
        }
      }
      for (const T sum : sums) rest += sum;
    }
    for (; j < d; ++j) {
      const T difference = x[j * stride] - origin[j] - c[j];
      rest += difference * difference;
    }
    return static_cast<double>(rest);
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
  const RowVector<T>& origin_;
  RowMajorMatrix<T> relative_;      // K x d
  RowMajorMatrix<T> coefficients_;  // the same, d x K, padded
  RowVector<T> half_norms_;         // padded
  RowVector<T> zeros_ = RowVector<T>::Zero(coefficients_.cols());
  double largest_norm_;
  double least_squared_gap_ = std::numeric_limits<double>::infinity();
  bool always_is_precise_ = false;
};

}  // namespace gmmx
