// Parallel loops over chunks of rows: the only file that speaks OpenMP.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#ifdef _OPENMP
#include <omp.h>
#endif

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

// Threads that are worth starting for so much work; 1 in a forked child (libgomp would hang there).
int useful_threads(int requested, const Chunks& chunks, double flops_per_row);

// Remembers that a parallel region ran, for the sake of forked children.
void note_parallel_region();

// False in a process forked after a parallel region ran.
bool parallel_regions_are_safe();

namespace detail {

// Keeps the first exception of a parallel region; none may leave it.
class ExceptionKeeper {
 public:
  template <class F, class... Arguments>
  void run(F&& f, Arguments... arguments) noexcept {
    if (failed_.load(std::memory_order_relaxed)) return;
    try {
      f(arguments...);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!exception_) exception_ = std::current_exception();
      failed_.store(true, std::memory_order_relaxed);
    }
  }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> failed_{false};
  std::exception_ptr exception_;
};

#ifdef _OPENMP
// loop(state, keeper) on each of n_threads threads.
template <class MakeState, class Loop>
void in_parallel(int n_threads, MakeState make_state, Loop loop) {
  note_parallel_region();
  ExceptionKeeper keeper;
#pragma omp parallel num_threads(n_threads)
  {
    decltype(make_state()) state{};
    keeper.run([&] { state = make_state(); });
    loop(state, keeper);
  }
  keeper.rethrow();
}
#endif

}  // namespace detail

// For every chunk: work(*state, begin, end) on any thread, then merge(state) in the order of the chunks, one at a time.
// make_state() is called once a thread and returns a unique_ptr.
template <class MakeState, class Work, class Merge>
void for_chunks(const Chunks& chunks, int n_threads, MakeState make_state, Work work, Merge merge) {
  const Index count = chunks.count();
#ifdef _OPENMP
  if (n_threads > 1 && count > 1) {
    detail::in_parallel(n_threads, make_state, [&](auto& state, detail::ExceptionKeeper& keeper) {
      // Inside of the loop, clang 14 would not compile what captures.
      const auto work_on = [&](Index chunk) { work(*state, chunks.begin_of(chunk), chunks.end_of(chunk)); };
      const auto merge_state = [&] { merge(*state); };
#pragma omp for ordered schedule(dynamic, 1)
      for (Index chunk = 0; chunk < count; ++chunk) {
        keeper.run(work_on, chunk);
#pragma omp ordered
        keeper.run(merge_state);
      }
    });
    return;
  }
#endif
  auto state = make_state();
  for (Index chunk = 0; chunk < count; ++chunk) {
    work(*state, chunks.begin_of(chunk), chunks.end_of(chunk));
    merge(*state);
  }
}

// The same without results to merge: work writes to places of its own rows, and no thread waits for a slower one.
template <class MakeState, class Work>
void for_chunks(const Chunks& chunks, int n_threads, MakeState make_state, Work work) {
  const Index count = chunks.count();
#ifdef _OPENMP
  if (n_threads > 1 && count > 1) {
    detail::in_parallel(n_threads, make_state, [&](auto& state, detail::ExceptionKeeper& keeper) {
      const auto work_on = [&](Index chunk) { work(*state, chunks.begin_of(chunk), chunks.end_of(chunk)); };
#pragma omp for schedule(dynamic, 1)
      for (Index chunk = 0; chunk < count; ++chunk) {
        keeper.run(work_on, chunk);
      }
    });
    return;
  }
#endif
  auto state = make_state();
  for (Index chunk = 0; chunk < count; ++chunk) work(*state, chunks.begin_of(chunk), chunks.end_of(chunk));
}

// The blocks of one chunk: body(begin, end).
template <class Body>
void for_blocks(const Chunks& chunks, Index begin, Index end, Body body) {
  for (Index b = begin; b < end; b += chunks.block_rows) {
    body(b, std::min(b + chunks.block_rows, end));
  }
}

}  // namespace gmmx
