#include "parallel/tasks.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>

#include "parallel/parallel.hpp"

namespace gmmx {

#ifdef _OPENMP
namespace {

// Counts tasks that ended.
class Countdown {
 public:
  explicit Countdown(Index count) : left_(count) {}
  void one_ended() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--left_ == 0) none_left_.notify_all();
  }
  // True once all have ended.
  bool wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    return none_left_.wait_for(lock, std::chrono::milliseconds(20), [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_left_;
  Index left_;
};

}  // namespace
#endif

void for_tasks(Index count, [[maybe_unused]] int n_threads, Watch& watch, const std::function<void(Index)>& task) {
#ifdef _OPENMP
  if (n_threads > 1 && count > 1 && parallel_regions_are_safe()) {
    note_parallel_region();
    const int n_used = static_cast<int>(std::min<Index>(n_threads, count));
    Countdown countdown(count);
    const auto run_one = [&](Index i) {
      watch.run([&] { task(i); });
      countdown.one_ended();
    };
#pragma omp parallel num_threads(n_used)
    {
#pragma omp for nowait schedule(dynamic, 1)
      for (Index i = 0; i < count; ++i) run_one(i);
      // The caller, if nothing is left to it, looks on behalf of those that work.
      watch.run([&] {
        while (!countdown.wait()) watch.look();
      });
    }
    watch.rethrow();
    return;
  }
#endif
  for (Index i = 0; i < count && !watch.stopped(); ++i) watch.run([&] { task(i); });
  watch.rethrow();
}

}  // namespace gmmx
