// Accumulation of the sufficient statistics of blocks of rows.
#pragma once

#include <memory>

#include "density/block.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "linear_algebra.hpp"

namespace gmmx {

// One a thread. T is the precision inside a block; sums over blocks are double.
template <class T>
class Moments {
 public:
  virtual ~Moments() = default;
  // resp (block.size() x K): responsibilities, times the sample weights.
  virtual void add(Block<T>& block, BlockOfColumns<T> resp) = 0;
  // Hands the sums over to the total and starts again from zero.
  virtual void flush(SufficientStatistics& total) = 0;
  // Statistics with all sums zero, to flush into.
  virtual SufficientStatistics zero() const = 0;
};

// Moments about the given shifts (K x d, absolute); blocks are relative to origin. Blocks whose rows all lie within
// squared_reach of it are summed up by their features, the others about the shifts at once.
template <class T>
std::unique_ptr<Moments<T>> make_moments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts,
                                         double squared_reach);

}  // namespace gmmx
