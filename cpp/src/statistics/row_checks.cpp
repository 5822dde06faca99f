#include "gmmx/row_checks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cholesky.hpp"
#include "gemm.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

namespace {

bool follow_without_gaps(Index stride, Index other_stride, Index size) { return stride == 1 && other_stride == size; }

template <class T>
Matrix<double> copy_of(MatrixView<const T> rows) {
  Matrix<double> copy(rows.rows(), rows.cols());
  for (Index j = 0; j < copy.cols(); ++j) {
    for (Index n = 0; n < copy.rows(); ++n) copy(n, j) = static_cast<double>(rows(n, j));
  }
  return copy;
}

// Centres the columns. Returns the sums of their squares; nothing where a column may be constant up to rounding.
Vector<double> centre(Matrix<double>& rows, double epsilon) {
  const auto n_rows = static_cast<double>(rows.rows());
  Vector<double> squares(rows.cols());
  for (Index j = 0; j < rows.cols(); ++j) {
    const double mean = rows.col(j).sum() / n_rows;
    rows.col(j).array() -= mean;
    squares[j] = rows.col(j).squaredNorm();
    const double rounding = n_rows * epsilon * mean;
    if (!(squares[j] > n_rows * rounding * rounding) || !std::isfinite(squares[j])) return {};
  }
  return squares;
}

// The largest absolute number of each column.
template <class T>
std::vector<T> largest_of(MatrixView<const T> rows) {
  std::vector<T> largest(static_cast<std::size_t>(rows.cols()), T(0));
  T* const out = largest.data();
  for (Index n = 0; n < rows.rows(); ++n) {
    const T* const row = &rows(n, 0);
    for (Index j = 0; j < rows.cols(); ++j) out[j] = std::max(out[j], std::abs(row[j * rows.col_stride()]));
  }
  return largest;
}

constexpr Index least_sample = 200;

// Range of a column over rows at a fixed distance, without the smallest or the largest number, whichever leaves a
// smaller range.
template <class T>
double inner_spread(MatrixView<const T> rows, Index step, Index column) {
  double least = std::numeric_limits<double>::infinity(), second_least = least;
  double largest = -least, second_largest = largest;
  for (Index n = 0; n < rows.rows(); n += step) {
    const auto number = static_cast<double>(rows(n, column));
    if (number < second_least) {
      second_least = std::max(least, number);
      least = std::min(least, number);
    }
    if (number > second_largest) {
      second_largest = std::min(largest, number);
      largest = std::max(largest, number);
    }
  }
  return std::min(largest - second_least, second_largest - least);
}

}  // namespace

// A sum is finite only if all of its numbers are.
template <class T>
bool all_finite(MatrixView<const T> rows) {
  if (follow_without_gaps(rows.col_stride(), rows.row_stride(), rows.cols()) ||
      follow_without_gaps(rows.row_stride(), rows.col_stride(), rows.rows())) {
    return std::isfinite(Eigen::Map<const Column<T>>(rows.data(), rows.rows() * rows.cols()).sum());
  }
  bool finite = true;
  for (Index n = 0; n < rows.rows(); ++n) {
    for (Index j = 0; j < rows.cols(); ++j) finite &= std::isfinite(rows(n, j));
  }
  return finite;
}

template <class T>
bool columns_vary(MatrixView<const T> rows) {
  Matrix<double> copy = copy_of(rows);
  return centre(copy, std::numeric_limits<T>::epsilon()).size() > 0;
}

template <class T>
bool columns_are_independent(MatrixView<const T> rows, double share) {
  Matrix<double> scaled = copy_of(rows);
  const Vector<double> squares = centre(scaled, std::numeric_limits<T>::epsilon());
  if (squares.size() == 0) return false;
  scaled.array().rowwise() /= squares.array().sqrt().transpose();
  Matrix<double> correlations(rows.cols(), rows.cols());
  multiply_to_lower(scaled, scaled, correlations);
  correlations.diagonal().array() -= share;
  return cholesky_of(correlations).exists;
}

template <class T>
std::vector<Index> columns_where_a_row_may_outweigh(MatrixView<const T> rows) {
  const Index step = std::max<Index>(1, rows.rows() / least_sample);
  const std::vector<T> largest = largest_of(rows);
  const double root_of_epsilon = std::sqrt(std::numeric_limits<double>::epsilon());
  std::vector<Index> found;
  for (Index j = 0; j < rows.cols(); ++j) {
    const double reach = 2 * root_of_epsilon * static_cast<double>(largest[static_cast<std::size_t>(j)]);
    // Without its outermost row the sample spreads no more than all rows without theirs.
    if (rows.rows() < 3 || !(reach < inner_spread(rows, step, j))) found.push_back(j);
  }
  return found;
}

#define GMMX_INSTANTIATE(T)                                           \
  template bool all_finite(MatrixView<const T>);                      \
  template bool columns_vary(MatrixView<const T>);                    \
  template bool columns_are_independent(MatrixView<const T>, double); \
  template std::vector<Index> columns_where_a_row_may_outweigh(MatrixView<const T>);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
