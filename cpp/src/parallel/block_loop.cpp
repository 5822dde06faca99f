#include "parallel/block_loop.hpp"

#include <algorithm>
#include <atomic>

namespace gmmx {

void detail::run_blocks(const Chunks& chunks, [[maybe_unused]] int n_threads, const BlockTask& task) {
  ExceptionKeeper keeper;
  const Index count = chunks.count();
  const auto make_worker = [&] {
    std::shared_ptr<void> worker;
    keeper.run([&] { worker = task.make_worker(); });
    return worker;
  };
  const auto work_on = [&](Index chunk, void* worker) {
    keeper.run([&] {
      const Index end = chunks.end_of(chunk);
      for (Index begin = chunks.begin_of(chunk); begin < end; begin += chunks.block_rows) {
        task.work(worker, begin, std::min(begin + chunks.block_rows, end));
      }
    });
  };
  const auto merge = [&](void* worker) {
    if (task.merge) keeper.run([&] { task.merge(worker); });
  };
#ifdef _OPENMP
  if (n_threads > 1 && count > 1) {
    note_parallel_region();
#pragma omp parallel num_threads(n_threads)
    {
      const std::shared_ptr<void> worker = make_worker();
      if (task.merge) {
#pragma omp for ordered schedule(dynamic, 1)
        for (Index chunk = 0; chunk < count; ++chunk) {
          work_on(chunk, worker.get());
#pragma omp ordered
          merge(worker.get());
        }
      } else {
#pragma omp for schedule(dynamic, 1)
        for (Index chunk = 0; chunk < count; ++chunk) work_on(chunk, worker.get());
      }
    }
    keeper.rethrow();
    return;
  }
#endif
  const std::shared_ptr<void> worker = make_worker();
  for (Index chunk = 0; chunk < count; ++chunk) {
    work_on(chunk, worker.get());
    merge(worker.get());
  }
  keeper.rethrow();
}

void for_components(Index n_components, double flops_of_each, int n_threads, const std::function<void(Index)>& body) {
  const auto at_once = static_cast<Index>(worthwhile_flops / std::clamp(flops_of_each, 1.0, worthwhile_flops));
  const Chunks chunks{n_components, at_once, at_once};
  const int n_useful = useful_threads(n_threads, chunks, flops_of_each);
  if (n_useful == 1) {
    for (Index k = 0; k < n_components; ++k) body(k);
    return;
  }
  std::atomic<Index> first_failed{n_components};
  const auto work = [&](void*, Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      try {
        body(k);
      } catch (...) {
        Index first = first_failed.load();
        while (k < first && !first_failed.compare_exchange_weak(first, k)) {
        }
        return;
      }
    }
  };
  detail::run_blocks(chunks, n_useful, {[] { return nullptr; }, work, nullptr});
  if (first_failed < n_components) body(first_failed);  // throws what it threw before
}

}  // namespace gmmx
