// What the passes of k-means over the rows share.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "density/block.hpp"
#include "gmmx/rows.hpp"
#include "linear_algebra.hpp"
#include "parallel/block_loop.hpp"

namespace gmmx {

// Coordinates begin at a row that counts.
template <class T>
RowVector<T> first_weighted_row(const Rows<T>& rows) {
  Index n = 0;
  while (n + 1 < rows.size() && !(rows.weight_of(n) > 0)) ++n;
  RowVector<T> row(rows.n_features());
  for (Index j = 0; j < rows.n_features(); ++j) row(j) = rows.x(n, j);
  return row;
}

template <class T>
RowVector<double> row_as_double(MatrixView<const T> rows, Index n) {
  RowVector<double> row(rows.cols());
  for (Index j = 0; j < rows.cols(); ++j) row(j) = static_cast<double>(rows(n, j));
  return row;
}

// sum += weight (row n - origin)
template <class T>
void add_row(MatrixView<const T> rows, Index n, const double* origin, double weight, double* sum) {
  const Index d = rows.cols();
  const Index stride = rows.col_stride();
  const T* const row = &rows(n, 0);
  if (stride == 1) {
    for (Index j = 0; j < d; ++j) sum[j] += weight * (static_cast<double>(row[j]) - origin[j]);
  } else {
    for (Index j = 0; j < d; ++j) sum[j] += weight * (static_cast<double>(row[j * stride]) - origin[j]);
  }
}

// The weighted mean of the rows and the mean of the weighted variances of the features, in one pass about the first row
// of positive weight. No row, whatever its weight, is farther than the radius from the mean; infinite where rows are
// not finite.
struct Location {
  RowVector<double> mean;
  double mean_variance;
  double radius;
};

template <class T>
Location locate(const Rows<T>& rows, int n_threads) {
  const Index d = rows.n_features();
  struct State {
    State(Index capacity, Index d) : block(capacity, d), sum(d), squares(d) { clear(); }
    void clear() {
      weight = 0;
      squared_radius = 0;
      sum.setZero();
      squares.setZero();
    }
    Block<T> block;
    double weight = 0;
    double squared_radius = 0;
    RowVector<double> sum;
    RowVector<double> squares;
  };
  const RowVector<T> origin = first_weighted_row(rows);
  const BlockLoop loop(rows.size(), Index{sizeof(T)} * 3 * d, static_cast<double>(4 * d), n_threads);
  State total(0, d);
  loop.run([&] { return std::make_unique<State>(loop.block_rows(), d); },
           [&](State& state, Index begin, Index end) {
             state.block.load(rows.x, begin, end, origin);
             const RowColumns<T>& rows_of_block = state.block.about_origin();
             const double squared_radius = state.block.squared_radius();
             if (!(squared_radius <= state.squared_radius)) state.squared_radius = squared_radius;
             if (rows.weight.absent()) {
               state.weight += static_cast<double>(end - begin);
               for (Index j = 0; j < d; ++j) {
                 const auto column = rows_of_block.column(j);
                 const auto squares = static_cast<double>(column.square().sum());
                 state.sum(j) += static_cast<double>(column.sum());
                 // Squares of float32 numbers may be larger than all of them.
                 state.squares(j) += std::isfinite(squares) ? squares : column.template cast<double>().square().sum();
               }
               return;
             }
             for (Index n = begin; n < end; ++n) {
               const double w = rows.weight[n];
               state.weight += w;
               for (Index j = 0; j < d; ++j) {
                 const auto x = static_cast<double>(rows_of_block.rows()(n - begin, j));
                 state.sum(j) += w * x;
                 state.squares(j) += w * x * x;
               }
             }
           },
           [&](State& state) {
             total.weight += state.weight;
             if (!(state.squared_radius <= total.squared_radius)) total.squared_radius = state.squared_radius;
             total.sum += state.sum;
             total.squares += state.squares;
             state.clear();
           });
  const RowVector<double> mean = total.sum / total.weight;
  const double variance = (total.squares / total.weight - mean.cwiseProduct(mean)).mean();
  const double radius = std::sqrt(total.squared_radius) * (1 + 1e-3) + mean.norm();
  return {origin.template cast<double>() + mean, variance > 0 ? variance : 0.0,
          radius >= 0 ? radius : std::numeric_limits<double>::infinity()};
}

}  // namespace gmmx
