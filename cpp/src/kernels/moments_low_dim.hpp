// Moments of rows of few features about a shift: all sums of a component are kept in registers.
#pragma once

#include "kernels/linear_forms.hpp"

namespace gmmx {

constexpr Index most_low_dim_features = 4;

// sums += sum_n r_n (1, z_i, z_i z_j for i <= j) with z = x_n - shift, of 1 to most_low_dim_features. resp: aligned,
// zero beyond the block's rows.
template <class T>
void add_moments_low_dim(const Panel<T>& rows, const T* resp, const T* shift, double* sums);

}  // namespace gmmx
