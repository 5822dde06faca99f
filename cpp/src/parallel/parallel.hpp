// What parallel loops share: how rows are cut, which threads are worth it, exceptions.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "gmmx/views.hpp"

namespace gmmx {

// How rows are cut. Depends on the shape of the data alone, never on the number of threads,
// so that sums over chunks, added in the order of the chunks, are the same for any number of threads.
struct Chunks {
  Index n_rows = 0;
  Index block_rows = 1;  // rows that one thread works on at a time, sized for its cache
  Index chunk_rows = 1;  // a multiple of block_rows
  Index count() const { return (n_rows + chunk_rows - 1) / chunk_rows; }
  Index begin_of(Index chunk) const { return chunk * chunk_rows; }
  Index end_of(Index chunk) const { return std::min((chunk + 1) * chunk_rows, n_rows); }
};

// bytes_per_row: the scratch that a row needs.
Chunks cut_into_chunks(Index n_rows, Index bytes_per_row);

constexpr double worthwhile_flops = 4e5;  // about 20 microseconds: less is not worth waking another thread

// Threads that are worth starting for so much work; 1 in a forked child (libgomp would hang there).
int useful_threads(int requested, const Chunks& chunks, double flops_per_row);

// Remembers that a parallel region ran, for the sake of forked children.
void note_parallel_region();

// False in a process forked after a parallel region ran.
bool parallel_regions_are_safe();

// Keeps the first exception of a parallel region; none may leave it.
class ExceptionKeeper {
 public:
  // f(), unless something failed before.
  template <class F>
  void run(F&& f) noexcept {
    if (failed()) return;
    try {
      f();
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!exception_) exception_ = std::current_exception();
      failed_.store(true, std::memory_order_relaxed);
    }
  }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> failed_{false};
  std::exception_ptr exception_;
};

}  // namespace gmmx
