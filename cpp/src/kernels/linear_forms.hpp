// The two matrix products that take nearly all the time of EM, with features formed on the way.
//
// A panel holds features of a block of rows, feature by feature, or says of which columns they are products: these are
// multiplied as they are needed, in registers. Nothing is packed, and a tile of results stays in registers while the
// panel runs past: about the speed of a large matrix product, where a general product of these narrow shapes reaches
// two thirds of it. Long sums are added up in sections, so that rounding grows with the square root of their length at
// most.
#pragma once

#include "gmmx/views.hpp"
#include "simd.hpp"

namespace gmmx {

// Features whose terms are added up before their sum joins that of the others.
constexpr Index features_of_a_section = 48;

// Rows of a tile of linear forms.
template <class T>
constexpr Index tile_rows = 3 * packet_size<T>;

template <class T>
struct Panel {
  using Number = T;
  const T* values;   // aligned to packets
  Index stride;      // between features
  Index n_rows;      // whole packets
  Index n_features;  // of this panel
};

// Two columns of a block by their offsets, in numbers.
struct Factors {
  Index left;
  Index right;
};

template <class T>
struct ProductPanel {
  using Number = T;
  const T* values;  // of the block; columns are aligned to packets
  Index stride;     // between columns
  const Factors* factors;
  Index n_rows;  // whole packets
  Index n_features;
};

// In both functions the panel is a Panel or a ProductPanel.
// out(n, k) += sum_f panel(n, f) coefficients(f, k). out: columns of out_stride, aligned; coefficients: n_features x K.
template <class T, template <class> class P>
void add_linear_forms(const P<T>& panel, const T* coefficients, Index coefficient_stride, Index n_columns, T* out,
                      Index out_stride);

// sums(f, k) += sum_n panel(n, f) resp(n, k). resp: aligned columns of resp_stride, zero beyond the block's rows.
// sums: n_features x K, sums_stride apart.
template <class T, template <class> class P>
void add_weighted_sums(const P<T>& panel, const T* resp, Index resp_stride, Index n_columns, double* sums,
                       Index sums_stride);

}  // namespace gmmx
