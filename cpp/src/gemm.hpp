// Matrix products, compiled once a precision: nothing else instantiates Eigen's product kernels, which are most of
// what takes time to compile.
#pragma once

#include "linear_algebra.hpp"

namespace gmmx {

// Up to this many rows, packing matrices for a product takes longer than the product.
constexpr Index small_matrix = 24;

template <class T>
using ConstMatrixRef = Eigen::Ref<const Matrix<T>, 0, Eigen::OuterStride<>>;
template <class T>
using MatrixRef = Eigen::Ref<Matrix<T>, 0, Eigen::OuterStride<>>;

// out = a b
template <class T>
void multiply(const ConstMatrixRef<T>& a, const ConstMatrixRef<T>& b, MatrixRef<T> out);

// out += a b
void add_product(const ConstMatrixRef<double>& a, const ConstMatrixRef<double>& b, MatrixRef<double> out);

// out = a u, for upper triangular u
template <class T>
void multiply_upper(const ConstMatrixRef<T>& a, const ConstMatrixRef<T>& u, MatrixRef<T> out);

// The lower triangle of out = a^T b
void multiply_to_lower(const ConstMatrixRef<double>& a, const ConstMatrixRef<double>& b, MatrixRef<double> out);

// precision = u u^T, for upper triangular u
void precision_of_factor(ConstMatrixMap u, Matrix<double>& precision);

}  // namespace gmmx
