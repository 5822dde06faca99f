#include "parallel/block_loop.hpp"

#include <algorithm>
#include <atomic>

namespace gmmx {

namespace {

constexpr Index cache_bytes = Index{384} * 1024;  // scratch of one block, within a second-level cache
constexpr Index min_block_rows = 128;
constexpr Index max_block_rows = 512;
constexpr Index target_chunks = 64;  // enough to keep many threads even, few enough to merge for nothing

}  // namespace

Chunks cut_into_chunks(Index n_rows, Index bytes_per_row) {
  Chunks chunks;
  chunks.n_rows = n_rows;
  const Index fitting = cache_bytes / std::max<Index>(bytes_per_row, 1);
  const Index in_cache = std::clamp(fitting / 64 * 64, min_block_rows, max_block_rows);
  chunks.block_rows = std::clamp<Index>((n_rows + 63) / 64 * 64, 64, in_cache);  // no larger than the data
  const Index blocks = (n_rows + chunks.block_rows - 1) / chunks.block_rows;
  chunks.chunk_rows = chunks.block_rows * std::max<Index>((blocks + target_chunks - 1) / target_chunks, 1);
  return chunks;
}

int useful_threads(int requested, const Chunks& chunks, double flops_per_row) {
  if (!parallel_regions_are_safe()) return 1;
  const double work = flops_per_row * static_cast<double>(chunks.n_rows);
  const auto by_work = static_cast<Index>(std::min(1 + work / worthwhile_flops, 1e9));
  return static_cast<int>(std::max<Index>(1, std::min({Index{requested}, chunks.count(), by_work})));
}

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

Chunks detail::chunks_of_components(Index n_components, double flops_of_each) {
  const auto at_once = static_cast<Index>(worthwhile_flops / std::clamp(flops_of_each, 1.0, worthwhile_flops));
  return {n_components, at_once, at_once};
}

void detail::run_components(const Chunks& chunks, int n_threads, const std::function<void(Index)>& body) {
  std::atomic<Index> first_failed{chunks.n_rows};
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
  run_blocks(chunks, n_threads, {[] { return nullptr; }, work, nullptr});
  if (first_failed < chunks.n_rows) body(first_failed);  // throws what it threw before
}

}  // namespace gmmx
