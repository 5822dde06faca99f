// One pass over the rows that sums them up: memberships of a block, times the weights, and its moments.
#pragma once

#include <memory>

#include "gmmx/rows.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "moments/moments.hpp"
#include "parallel/block_loop.hpp"
#include "rows/row_weights.hpp"

namespace gmmx {

// How much of each component a row is, block by block; one a thread.
template <class C>
class Memberships {
 public:
  virtual ~Memberships() = default;
  // resp (block.size() x K), of rows first_row, first_row + 1, ...
  virtual void fill(Block<C>& block, const RowWeights<C>& weights, Index first_row, BlockOfColumns<C> resp) = 0;
};

// What a pass is made of.
template <class C>
class PassPlan {
 public:
  virtual ~PassPlan() = default;
  virtual const RowVector<C>& origin() const = 0;
  virtual std::unique_ptr<Moments<C>> make_moments() const = 0;
  // Makes a thread's memberships, or readies those of the pass before for this one.
  virtual void prepare(std::unique_ptr<Memberships<C>>& memberships, Index capacity) const = 0;
  // Takes up what a thread's memberships hold besides, and clears it there; in the order of the rows.
  virtual void merge(Memberships<C>&) {}
  virtual void finish(const Moments<C>&) {}
};

// Rows of T, computed in C. Reuses the memory of a pass for the next one: for small data, allocation costs as much as
// the pass.
template <class T, class C>
class StatisticsPass {
 public:
  StatisticsPass();
  ~StatisticsPass();

  // Statistics without a log-likelihood, of K components.
  SufficientStatistics operator()(const Rows<T>& rows, Index n_components, const BlockLoop& loop, PassPlan<C>& plan);

 private:
  struct Worker;
  struct Workers;
  std::unique_ptr<Workers> workers_;
};

}  // namespace gmmx
