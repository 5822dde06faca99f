#include "parallel/block_loop.hpp"

#include <algorithm>
#include <atomic>
#include <limits>

namespace gmmx {

namespace detail {

namespace {

// One thread's share of the chunks; OpenMP deals them out.
class Share {
 public:
  Share(const Chunks& chunks, const BlockTask& task, ExceptionKeeper& keeper, void* worker)
      : chunks_(chunks), task_(task), keeper_(keeper), worker_(worker) {}

  void work_on(Index chunk) const {
    keeper_.run([&] {
      const Index end = chunks_.end_of(chunk);
      for (Index begin = chunks_.begin_of(chunk); begin < end; begin += chunks_.block_rows) {
        task_.work(worker_, begin, std::min(begin + chunks_.block_rows, end));
      }
    });
  }
  void merge() const {
    keeper_.run([&] { task_.merge(worker_); });
  }

 private:
  const Chunks& chunks_;
  const BlockTask& task_;
  ExceptionKeeper& keeper_;
  void* worker_;
};

#ifdef _OPENMP
void run_in_order(Index count, const Share& share) {
#pragma omp for ordered schedule(dynamic, 1)
  for (Index chunk = 0; chunk < count; ++chunk) {
    share.work_on(chunk);
#pragma omp ordered
    share.merge();
  }
}

void run_in_any_order(Index count, const Share& share) {
#pragma omp for schedule(dynamic, 1)
  for (Index chunk = 0; chunk < count; ++chunk) share.work_on(chunk);
}
#endif

}  // namespace

void run_blocks(const Chunks& chunks, [[maybe_unused]] int n_threads, [[maybe_unused]] bool in_order,
                const BlockTask& task) {
  ExceptionKeeper keeper;
  const Index count = chunks.count();
#ifdef _OPENMP
  if (n_threads > 1 && count > 1) {
    note_parallel_region();
    const std::function<void(void*)> use = [&](void* worker) {
      const Share share(chunks, task, keeper, worker);
      if (in_order) {
        run_in_order(count, share);
      } else {
        run_in_any_order(count, share);
      }
    };
#pragma omp parallel num_threads(n_threads)
    task.with_worker(keeper, use);
    keeper.rethrow();
    return;
  }
#endif
  task.with_worker(keeper, [&](void* worker) {
    const Share share(chunks, task, keeper, worker);
    for (Index chunk = 0; chunk < count; ++chunk) {
      share.work_on(chunk);
      share.merge();
    }
  });
  keeper.rethrow();
}

}  // namespace detail

namespace {

class ComponentTask final : public detail::BlockTask {
 public:
  explicit ComponentTask(const std::function<void(Index)>& body) : body_(body) {}
  void with_worker(detail::ExceptionKeeper&, const std::function<void(void*)>& use) const override { use(nullptr); }
  void merge(void*) const override {}
  void work(void*, Index begin, Index end) const override {
    for (Index k = begin; k < end; ++k) {
      try {
        body_(k);
      } catch (...) {
        Index first = first_failed_.load();
        while (k < first && !first_failed_.compare_exchange_weak(first, k)) {
        }
        return;
      }
    }
  }
  Index first_failed() const { return first_failed_; }

 private:
  const std::function<void(Index)>& body_;
  mutable std::atomic<Index> first_failed_{std::numeric_limits<Index>::max()};
};

}  // namespace

void for_components(Index n_components, double flops_of_each, int n_threads, const std::function<void(Index)>& body) {
  Chunks chunks;
  chunks.n_rows = n_components;
  chunks.block_rows = static_cast<Index>(worthwhile_flops / std::clamp(flops_of_each, 1.0, worthwhile_flops));
  chunks.chunk_rows = chunks.block_rows;
  const int n_useful = useful_threads(n_threads, chunks, flops_of_each);
  if (n_useful == 1) {
    for (Index k = 0; k < n_components; ++k) body(k);
    return;
  }
  const ComponentTask task(body);
  detail::run_blocks(chunks, n_useful, false, task);
  if (task.first_failed() < n_components) body(task.first_failed());  // throws what it threw before
}

}  // namespace gmmx
