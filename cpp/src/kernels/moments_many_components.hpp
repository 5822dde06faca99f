// The weighted sums of all products of two columns, components side by side in the registers.
//
// Where the sums of linear_forms.hpp have one component and many rows in a register, and have to be added up over it in
// the end, here a register holds one row's responsibilities for many components: two of them, times a feature of the
// row, are multiplied by as many other features as there are registers for sums. It is the faster way if the components
// fill whole pairs of registers, of which there must be 32.
#pragma once

#include "kernels/linear_forms.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

template <class T>
class MomentsManyComponents {
 public:
  // sums(f, k) += sum_n z_i(n) z_j(n) resp(n, k), where z are the columns of the panel and f counts the pairs i <= j
  // row by row. resp: aligned columns of resp_stride, zero beyond the block's rows; sums: pairs x K, one after the
  // other. Each call must have the same number of columns.
  void add(const Panel<T>& columns, const T* resp, Index resp_stride, Index n_components, double* sums);

 private:
  Array<T> right_;  // some features of some rows, row after row
  Array<T> resp_;   // of these rows and a group of components, in the same way
};

}  // namespace gmmx
