#include "em/statistics_pass.hpp"

#include <type_traits>
#include <utility>

#include "no_allocation.hpp"

namespace gmmx {

template <class T, class C>
PassResult StatisticsPass<T, C>::operator()(const Rows<T>& rows, const BlockLoop& loop, const PassPlan<C>& plan) {
  if (!workers_ || plan.n_components != n_components_) workers_ = std::make_unique<Pool<Worker>>();
  n_components_ = plan.n_components;
  const auto moments = plan.make_moments();
  std::vector<double> log_likelihoods(plan.n_mixtures, 0.0);
  KernelNames kernels;
  double total_weight = 0;
  Index n_samples = 0;
  loop.run(
      [&] {
        auto worker = workers_->lend(
            [&] { return std::make_unique<Worker>(loop.block_rows(), rows.n_features(), plan.n_components); });
        worker->moments = plan.make_moments();
        worker->scores.log_likelihoods.assign(plan.n_mixtures, 0.0);
        worker->scores.kernels.clear();
        worker->total_weight = 0;
        worker->n_samples = 0;
        worker->is_warm = false;
        return worker;
      },
      [&](Worker& worker, Index begin, Index end) {
        // The first block finds out what memory the kernels need.
        const NoAllocation from_the_second_on(loop.n_threads() == 1 && std::exchange(worker.is_warm, true));
        worker.block.load(rows, begin, end, plan.origin);
        const BlockOfColumns<C> resp = worker.resp.topRows(end - begin);
        plan.fill(worker.block.numbers, worker.block.weights, begin, resp, worker.scores);
        worker.total_weight += worker.block.weights.total();
        worker.n_samples += worker.block.weights.n_positive();
        worker.block.weights.scale_rows(resp);
        worker.moments->add(worker.block.numbers, resp);  // (18), (36)
      },
      [&](Worker& worker) {
        moments->merge(*worker.moments);
        total_weight += std::exchange(worker.total_weight, 0.0);
        n_samples += std::exchange(worker.n_samples, 0);
        kernels.add_all(worker.scores.kernels);
        for (std::size_t i = 0; i < log_likelihoods.size(); ++i) {
          log_likelihoods[i] += std::exchange(worker.scores.log_likelihoods[i], 0.0);
        }
      });
  SufficientStatistics total = moments->statistics();
  total.log_likelihood = log_likelihoods.front();
  total.total_weight = total_weight;
  total.n_samples = n_samples;
  return {{std::move(total), kernels.joined(), moments->kernels().joined(), std::is_same_v<C, float>},
          std::move(log_likelihoods)};
}

template class StatisticsPass<float, float>;
template class StatisticsPass<float, double>;
template class StatisticsPass<double, double>;

}  // namespace gmmx
