// Parallel loops over chunks of rows: the only file that speaks OpenMP.
#pragma once

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
  template <class F>
  void run(F&& f) noexcept {
    if (failed_.load(std::memory_order_relaxed)) return;
    try {
      f();
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

}  // namespace detail

// For every chunk: work(*state, begin, end) on any thread, then merge(state) in the order of the chunks, one at a time.
// make_state() is called once a thread and returns a unique_ptr.
template <class MakeState, class Work, class Merge>
void for_chunks(const Chunks& chunks, int n_threads, MakeState make_state, Work work, Merge merge) {
  const Index count = chunks.count();
  const auto begin_of = [&](Index chunk) { return chunk * chunks.chunk_rows; };
  const auto end_of = [&](Index chunk) {
    const Index end = (chunk + 1) * chunks.chunk_rows;
    return end < chunks.n_rows ? end : chunks.n_rows;
  };
#ifdef _OPENMP
  if (n_threads > 1 && count > 1) {
    note_parallel_region();
    detail::ExceptionKeeper keeper;
#pragma omp parallel num_threads(n_threads)
    {
      decltype(make_state()) state{};
      keeper.run([&] { state = make_state(); });
#pragma omp for ordered schedule(dynamic, 1)
      for (Index chunk = 0; chunk < count; ++chunk) {
        keeper.run([&] { work(*state, begin_of(chunk), end_of(chunk)); });
#pragma omp ordered
        keeper.run([&] { merge(*state); });
      }
    }
    keeper.rethrow();
    return;
  }
#endif
  auto state = make_state();
  for (Index chunk = 0; chunk < count; ++chunk) {
    work(*state, begin_of(chunk), end_of(chunk));
    merge(*state);
  }
}

// The same without results to merge: work writes to places of its own rows.
template <class MakeState, class Work>
void for_chunks(const Chunks& chunks, int n_threads, MakeState make_state, Work work) {
  for_chunks(chunks, n_threads, make_state, work, [](auto&) {});
}

// The blocks of one chunk: body(begin, end).
template <class Body>
void for_blocks(const Chunks& chunks, Index begin, Index end, Body body) {
  for (Index b = begin; b < end; b += chunks.block_rows) {
    body(b, b + chunks.block_rows < end ? b + chunks.block_rows : end);
  }
}

}  // namespace gmmx
