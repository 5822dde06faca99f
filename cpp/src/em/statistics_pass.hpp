// One pass over the rows that sums them up: memberships of a block, times the weights, and its moments.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "density/posterior.hpp"
#include "gmmx/em.hpp"
#include "kernel_names.hpp"
#include "moments/moments.hpp"
#include "parallel/block_loop.hpp"
#include "parallel/pool.hpp"
#include "rows/row_block.hpp"

namespace gmmx {

// What the rows of a thread add to besides moments, and the scratch for it.
template <class C>
struct Scores {
  explicit Scores(Index capacity) : log_prob_norm(capacity), posterior(capacity) {}

  Column<C> log_prob_norm;
  Posterior<C> posterior;
  std::vector<double> log_likelihoods;  // of each mixture of the batch
  KernelNames kernels;
};

// What a pass is made of; all threads call its functions.
template <class C>
struct PassPlan {
  Index n_components;
  std::size_t n_mixtures;  // in a batch; each has a log-likelihood of its own
  const RowVector<C>& origin;
  std::function<std::unique_ptr<Moments<C>>()> make_moments;
  // How much of each component a row is: resp (block.size() x K), of rows first_row, first_row + 1, ...
  std::function<void(Block<C>&, const RowWeights&, Index first_row, BlockOfColumns<C> resp, Scores<C>&)> fill;
};

struct PassResult {
  EStepResult sums;  // with the log-likelihood of the first mixture
  std::vector<double> log_likelihoods;
};

// Rows of T, computed in C. Reuses the memory of a pass for the next one: for small data, allocation costs as much as
// the pass.
template <class T, class C>
class StatisticsPass {
 public:
  PassResult operator()(const Rows<T>& rows, const BlockLoop& loop, const PassPlan<C>& plan);

 private:
  struct Worker {
    Worker(Index capacity, Index n_features, Index n_components)
        : block(capacity, n_features), resp(block_results<C>(capacity, n_components)), scores(capacity) {}

    RowBlock<T, C> block;
    Array<C> resp;
    Scores<C> scores;
    std::unique_ptr<Moments<C>> moments;  // of this pass
    double total_weight = 0;
    Index n_samples = 0;
    bool is_warm = false;
  };

  std::unique_ptr<Pool<Worker>> workers_;  // of passes of one number of components
  Index n_components_ = 0;
};

}  // namespace gmmx
