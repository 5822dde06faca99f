#include "parallel/block_loop.hpp"

namespace gmmx::detail {

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

void run_blocks(const Chunks& chunks, int n_threads, bool in_order, const BlockTask& task) {
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

}  // namespace gmmx::detail
