#include "gemm.hpp"

namespace gmmx {

namespace {
constexpr Index narrow = 64;  // inner dimension times columns
}  // namespace

template <class T>
void multiply(const ConstMatrixRef<T>& a, const ConstMatrixRef<T>& b, MatrixRef<T> out) {
  // A narrow product is faster one column at a time than by packing its factors.
  if (a.cols() * b.cols() <= narrow) {
    for (Index k = 0; k < b.cols(); ++k) out.col(k).noalias() = a * b.col(k);
  } else {
    out.noalias() = a * b;
  }
}

void add_product(const ConstMatrixRef<double>& a, const ConstMatrixRef<double>& b, MatrixRef<double> out) {
  out.noalias() += a * b;
}

template <class T>
void multiply_upper(const ConstMatrixRef<T>& a, const ConstMatrixRef<T>& u, MatrixRef<T> out) {
  out.noalias() = a * u.template triangularView<Eigen::Upper>();
}

void multiply_to_lower(const ConstMatrixRef<double>& a, const ConstMatrixRef<double>& b, MatrixRef<double> out) {
  out.triangularView<Eigen::Lower>().setZero();
  out.triangularView<Eigen::Lower>() += a.transpose() * b;
}

void precision_of_factor(ConstMatrixMap u, Matrix<double>& precision) {
  const Index d = u.rows();
  if (d <= small_matrix) {
    for (Index i = 0; i < d; ++i) {
      for (Index j = 0; j <= i; ++j) {
        double sum = 0;
        for (Index l = i; l < d; ++l) sum += u(i, l) * u(j, l);
        precision(i, j) = precision(j, i) = sum;
      }
    }
    return;
  }
  const Matrix<double> factor_t = u.transpose();
  multiply_to_lower(factor_t, factor_t, precision);
  precision.triangularView<Eigen::StrictlyUpper>() = precision.transpose();
}

#define GMMX_INSTANTIATE(T)                                                                    \
  template void multiply<T>(const ConstMatrixRef<T>&, const ConstMatrixRef<T>&, MatrixRef<T>); \
  template void multiply_upper<T>(const ConstMatrixRef<T>&, const ConstMatrixRef<T>&, MatrixRef<T>);
GMMX_INSTANTIATE(float)
GMMX_INSTANTIATE(double)
#undef GMMX_INSTANTIATE

}  // namespace gmmx
