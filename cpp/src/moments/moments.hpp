// Accumulation of the sufficient statistics of blocks of rows.
#pragma once

#include <memory>

#include "density/block.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "kernel_names.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// One a thread, and one for the total. T is the precision inside a block; sums over blocks are double.
template <class T>
class Moments {
 public:
  virtual ~Moments() = default;
  // resp (block.size() x K): responsibilities, times the sample weights.
  virtual void add(Block<T>& block, BlockOfColumns<T> resp) = 0;
  // Adds the sums of another object made with the same arguments and clears them.
  virtual void merge(Moments& other) = 0;
  // The sums as statistics about the shifts, as T holds them.
  virtual SufficientStatistics statistics() const = 0;
  // Those that added up these sums.
  virtual KernelNames kernels() const = 0;
};

// Moments about the given shifts (K x d, absolute); blocks are relative to origin. Blocks whose rows all lie within
// squared_reach of it are summed up by their features, the others about the shifts at once. Origin and shifts must live
// as long.
template <class T>
std::unique_ptr<Moments<T>> make_moments(SecondMoments form, const RowVector<T>& origin, ConstMatrixMap shifts,
                                         double squared_reach);

// Added up about the shifts, from rows as they were given: no digit is lost to how far the data lie from zero, or
// components from one another. Counts, first and second moments about the shifts as T holds them (46), of the second
// ones what the form keeps (50).
template <class T>
std::unique_ptr<Moments<T>> make_centred_moments(SecondMoments form, ConstMatrixMap shifts);

}  // namespace gmmx
