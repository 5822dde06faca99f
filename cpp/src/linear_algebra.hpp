// The one place that names Eigen's types.
#pragma once

#include <Eigen/Core>

#include "gmmx/views.hpp"

namespace gmmx {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;
template <class T>
using RowMajorMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
template <class T>
using RowVector = Eigen::Matrix<T, 1, Eigen::Dynamic>;
template <class T>
using Array = Eigen::Array<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using Column = Eigen::Array<T, Eigen::Dynamic, 1>;

// Parameters are stored in C order. Their memory may begin anywhere, and Eigen adds up a map or computes its exp() in
// an order that depends on the address: such results belong into matrices and arrays of its own, or into loops of ours.
using MatrixMap = Eigen::Map<RowMajorMatrix<double>>;
using ConstMatrixMap = Eigen::Map<const RowMajorMatrix<double>>;
using VectorMap = Eigen::Map<Vector<double>>;
using ConstVectorMap = Eigen::Map<const Vector<double>>;

// A block of results, one row a sample, whose columns are contiguous.
template <class T>
using BlockOfColumns = Eigen::Block<Array<T>>;

// A part of a block, as a block of the same array.
template <class T>
BlockOfColumns<T> part_of(BlockOfColumns<T> block, Index row, Index column, Index rows, Index columns) {
  return {block.nestedExpression(), block.startRow() + row, block.startCol() + column, rows, columns};
}

// A variance below this is one whose rows differ by numbers that have no squares: such a component has collapsed.
constexpr double least_variance = 0x1p-1000;

constexpr double log_2_pi = 1.8378770664093454835606594728112;

}  // namespace gmmx
