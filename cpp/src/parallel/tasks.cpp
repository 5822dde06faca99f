#include "parallel/tasks.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace gmmx {

void for_tasks(Index count, [[maybe_unused]] int n_threads, Watch& watch, const std::function<void(Index)>& task) {
#ifdef _OPENMP
  if (n_threads > 1 && count > 1 && parallel_regions_are_safe()) {
    note_parallel_region();
    const int n_used = static_cast<int>(std::min<Index>(n_threads, count));
    std::mutex mutex;
    std::condition_variable all_ended;
    Index n_left = count;
    const auto run_one = [&](Index i) {
      watch.run([&] { task(i); });
      const std::lock_guard<std::mutex> lock(mutex);
      if (--n_left == 0) all_ended.notify_all();
    };
    const auto wait_a_little = [&] {
      std::unique_lock<std::mutex> lock(mutex);
      return all_ended.wait_for(lock, std::chrono::milliseconds(20), [&] { return n_left == 0; });
    };
#pragma omp parallel num_threads(n_used)
    {
#pragma omp for nowait schedule(dynamic, 1)
      for (Index i = 0; i < count; ++i) run_one(i);
      // The caller, if nothing is left to it, looks on behalf of those that work.
      watch.run([&] {
        while (!wait_a_little()) watch.look();
      });
    }
    watch.rethrow();
    return;
  }
#endif
  for (Index i = 0; i < count && !watch.failed(); ++i) watch.run([&] { task(i); });
  watch.rethrow();
}

}  // namespace gmmx
