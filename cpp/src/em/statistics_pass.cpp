#include "em/statistics_pass.hpp"

#include <utility>

#include "no_allocation.hpp"
#include "parallel/pool.hpp"
#include "rows/row_block.hpp"

namespace gmmx {

template <class T, class C>
struct StatisticsPass<T, C>::Worker {
  Worker(Index capacity, Index n_features, Index n_components)
      : block(capacity, n_features), resp(block_results<C>(capacity, n_components)) {}

  RowBlock<T, C> block;
  Array<C> resp;
  std::unique_ptr<Memberships<C>> memberships;
  std::unique_ptr<Moments<C>> moments;  // of this pass
  double total_weight = 0;
  Index n_samples = 0;
  bool is_warm = false;
};

// Those of passes of one number of components.
template <class T, class C>
struct StatisticsPass<T, C>::Workers {
  Pool<Worker>& of(Index n_components) {
    if (n_components != n_components_) pool_ = std::make_unique<Pool<Worker>>();
    n_components_ = n_components;
    return *pool_;
  }

 private:
  std::unique_ptr<Pool<Worker>> pool_;
  Index n_components_ = 0;
};

template <class T, class C>
StatisticsPass<T, C>::StatisticsPass() : workers_(std::make_unique<Workers>()) {}

template <class T, class C>
StatisticsPass<T, C>::~StatisticsPass() = default;

template <class T, class C>
SufficientStatistics StatisticsPass<T, C>::operator()(const Rows<T>& rows, Index n_components, const BlockLoop& loop,
                                                      PassPlan<C>& plan) {
  const auto moments = plan.make_moments();
  double total_weight = 0;
  Index n_samples = 0;
  Pool<Worker>& pool = workers_->of(n_components);
  loop.run(
      [&] {
        auto worker =
            pool.lend([&] { return std::make_unique<Worker>(loop.block_rows(), rows.n_features(), n_components); });
        worker->moments = plan.make_moments();
        plan.prepare(worker->memberships, loop.block_rows());
        worker->total_weight = 0;
        worker->n_samples = 0;
        worker->is_warm = false;
        return worker;
      },
      [&](Worker& worker, Index begin, Index end) {
        // The first block finds out what memory the kernels need.
        const NoAllocation from_the_second_on(loop.n_threads() == 1 && std::exchange(worker.is_warm, true));
        worker.block.load(rows, begin, end, plan.origin());
        const BlockOfColumns<C> resp = worker.resp.topRows(end - begin);
        worker.memberships->fill(worker.block.numbers, worker.block.weights, begin, resp);
        worker.total_weight += worker.block.weights.total();
        worker.n_samples += worker.block.weights.n_positive();
        worker.block.weights.scale_rows(resp);
        worker.moments->add(worker.block.numbers, resp);  // (18), (36)
      },
      [&](Worker& worker) {
        moments->merge(*worker.moments);
        total_weight += std::exchange(worker.total_weight, 0.0);
        n_samples += std::exchange(worker.n_samples, 0);
        plan.merge(*worker.memberships);
      });
  plan.finish(*moments);
  SufficientStatistics total = moments->statistics();
  total.total_weight = total_weight;
  total.n_samples = n_samples;
  return total;
}

template class StatisticsPass<float, float>;
template class StatisticsPass<float, double>;
template class StatisticsPass<double, double>;

}  // namespace gmmx
