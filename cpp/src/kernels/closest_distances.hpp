// Squared distances of rows to a few points, as the seeding of k-means takes them: sums of squared differences, zero
// only where a row is the point.
//
// The points lie in the lanes of registers and a row's numbers are broadcast to them: rows are read once, as they lie
// in memory, where turning them into columns would take longer than the distances.
#pragma once

#include <vector>

#include "gmmx/rows.hpp"

namespace gmmx {

// A few of the rows as points, a lane each. Lanes beyond them, up to whole packets, repeat the last one.
template <class T>
class LanesOfPoints {
 public:
  LanesOfPoints(MatrixView<const T> rows, const std::vector<Index>& points);

  Index size() const { return size_; }  // of points
  Index n_lanes() const { return n_lanes_; }
  const T* feature(Index j) const { return lanes_.data() + j * n_lanes_; }

 private:
  Index size_;
  Index n_lanes_;
  std::vector<T> lanes_;
};

// For the rows begin..end: closest[n - begin] becomes the squared distance to the first point where that is smaller and
// `first_is_a_seed`; then sums[p] grows by w_n min(closest, squared distance to p) for every point p, in an order that
// no instruction set changes. sums: n_lanes numbers, those beyond the points for scratch.
template <class T>
void add_closest_distances(const Rows<T>& rows, Index begin, Index end, const LanesOfPoints<T>& points,
                           bool first_is_a_seed, T* closest, double* sums);

}  // namespace gmmx
