// Weighted sums of rows and of their outer products, component by component: r_n, r_n x_n and r_n x_n x_n^T.
//
// Rows lie in panels: panel p holds the features p P..(p + 1) P of row after row, P the length of a packet. Three
// panels at a time are multiplied by a component's responsibilities. Their numbers times single numbers of another
// panel form a tile of sums that stay in registers for a few hundred rows. Only tiles that touch the lower triangle are
// formed. Nothing depends on the number of components, and from some panels on it is faster than sums of products of
// features, which are recomputed for each tile.
#pragma once

#include <algorithm>

#include "kernels/linear_forms.hpp"
#include "linear_algebra.hpp"
#include "simd.hpp"

namespace gmmx {

template <class T>
constexpr Index n_panels_of(Index n_features) {
  return (n_features + packet_size<T> - 1) / packet_size<T>;
}

template <class T>
struct RowPanels {
  const T* values;  // aligned to packets
  Index stride;     // between panels
  Index n_rows;
  Index n_features;
};

// The panels of rows that are given by columns, `stride` apart: whole packets of rows.
template <class T>
void pack_rows(const Panel<T>& columns, T* panels, Index stride);

// The panels of some rows less a shift, in the same distance.
template <class T>
RowPanels<T> gather_rows(const RowPanels<T>& rows, const Index* which, Index n_rows, const T* shift, T* panels);

template <class T>
class ScatterMatrices {
 public:
  // common: outer products of all components are added to one sum.
  ScatterMatrices(Index n_features, Index n_components, bool common);

  // Adds the rows to component k. resp: of each row; total: their sum.
  void add(const RowPanels<T>& rows, const T* resp, double total, Index k);

  // Adds the sums of another object of this size and clears them.
  void merge(ScatterMatrices& other);

  double count(Index k) const { return counts_(k); }
  void copy_first(Index k, double* first) const;    // d
  void copy_second(Index k, double* second) const;  // d x d, symmetric; of k = 0 where it is common
  Index n_second() const { return tile_sums_.cols(); }

 private:
  Index n_features_;
  Index n_panels_;
  Column<double> counts_;
  Array<double> first_moments_;  // whole panels of features; x K
  Array<double> tile_sums_;      // tile after tile; x K or one
  Array<T> weighted_;            // three panels times responsibilities, side by side
};

}  // namespace gmmx
