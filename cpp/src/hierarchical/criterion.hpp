// What the merging needs to know of a criterion: what a merge would cost, and what one does.
#pragma once

#include <memory>
#include <vector>

#include "linear_algebra.hpp"
#include "simd.hpp"

namespace gmmx {

// What a merge does to the costs of merging other groups.
enum class OtherCosts {
  stay,
  rise  // or stay: what they were are bounds
};

// The groups that a clustering begins with. Each stands in a slot of its own.
struct Groups {
  Column<double> counts;   // slots
  Array<double> means;     // slots x d, relative to the mean of all rows
  Array<double> scatters;  // slots x d (d + 1) / 2: lower triangles by columns; of width 0 where all are single rows
  Index n_rows = 0;
  double largest_square = 0;  // of the norm of a row
  double mean_variance = 0;   // of the features, over all rows

  Index size() const { return counts.size(); }
};

class Criterion {
 public:
  Criterion() = default;
  Criterion(const Criterion&) = delete;
  Criterion& operator=(const Criterion&) = delete;
  virtual ~Criterion() = default;

  // Costs of uniting the group of a slot with those of slots begin to end - 1, rounded (95); infinite for an empty
  // slot. Writes to out[begin] and on, whole packets; begin is a multiple of their size. Several threads may ask at
  // once.
  virtual void costs(Index slot, Index begin, Index end, double* out) const = 0;
  virtual double flops_per_cost(Index slot) const = 0;

  // Whether uniting these two would lead past the point from which on the criterion is another one. It is from then on,
  // its costs are lower than before, and the pair must be chosen again.
  virtual bool changes_before(Index /*a*/, Index /*b*/) { return false; }

  // Unites b with a, which leaves b's slot empty.
  virtual OtherCosts merge(Index a, Index b) = 0;

  // Moves the groups of these slots, ascending, to the front.
  virtual void keep(const std::vector<Index>& slots) = 0;

  virtual double value() const = 0;
};

std::unique_ptr<Criterion> vvv_criterion(Groups groups);
std::unique_ptr<Criterion> eee_criterion(Groups groups);

// (95) To a multiple of 2^-26: costs that differ by rounding alone are equal, and the same pair is chosen everywhere.
inline Packet<double> rounded(const Packet<double>& costs) {
  const auto shift = broadcast(1.5 * (1 << 26));
  return simd::subtract(simd::add(costs, shift), shift);
}

}  // namespace gmmx
