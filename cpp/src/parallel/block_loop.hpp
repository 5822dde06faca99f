// The loop over rows: cut into blocks that fit the cache, spread over threads, merged in the order of the rows.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>

#include "parallel/parallel.hpp"

namespace gmmx {

namespace detail {

// What a loop does, whatever its workers are: the code of OpenMP is compiled once.
struct BlockTask {
  std::function<std::shared_ptr<void>()> make_worker;
  std::function<void(void* worker, Index begin, Index end)> work;
  std::function<void(void* worker)> merge;  // may be empty
};

void run_blocks(const Chunks& chunks, int n_threads, const BlockTask& task);

// Components that a thread takes at once, as chunks.
Chunks chunks_of_components(Index n_components, double flops_of_each);

void run_components(const Chunks& chunks, int n_threads, const std::function<void(Index)>& body);

}  // namespace detail

class BlockLoop {
 public:
  // bytes_per_row: scratch that a row needs. flops_per_row: decides whether other threads are worth waking.
  BlockLoop(Index n_rows, Index bytes_per_row, double flops_per_row, int n_threads)
      : chunks_(cut_into_chunks(n_rows, bytes_per_row)),
        n_threads_(useful_threads(n_threads, chunks_, flops_per_row)) {}

  const Chunks& chunks() const { return chunks_; }
  Index block_rows() const { return chunks_.block_rows; }
  int n_threads() const { return n_threads_; }

  // work(worker, begin, end) for every block, on any thread, and merge(worker) after each chunk of blocks, one at a
  // time in the order of the rows. make_worker() returns a pointer that owns; each thread has one worker. With nothing
  // to merge, work writes to places of its own rows, and no thread waits for a slower one.
  template <class MakeWorker, class Work, class Merge = std::nullptr_t>
  void run(const MakeWorker& make_worker, const Work& work, [[maybe_unused]] const Merge& merge = nullptr) const {
    using Worker = std::remove_reference_t<decltype(*make_worker())>;
    detail::BlockTask task;
    task.make_worker = [&] { return make_worker(); };
    task.work = [&](void* worker, Index begin, Index end) { work(*static_cast<Worker*>(worker), begin, end); };
    if constexpr (!std::is_null_pointer_v<Merge>) {
      task.merge = [&](void* worker) { merge(*static_cast<Worker*>(worker)); };
    }
    detail::run_blocks(chunks_, n_threads_, task);
  }

 private:
  Chunks chunks_;
  int n_threads_;
};

// body(k) for every component, on any thread where that is worth it: it writes to places of component k alone, and may
// be called again where it throws. The exception of the first component that has one reaches the caller.
template <class Body>
void for_components(Index n_components, double flops_of_each, int n_threads, const Body& body) {
  const Chunks chunks = detail::chunks_of_components(n_components, flops_of_each);
  const int n_useful = useful_threads(n_threads, chunks, flops_of_each);
  if (n_useful == 1) {
    for (Index k = 0; k < n_components; ++k) body(k);
  } else {
    detail::run_components(chunks, n_useful, std::cref(body));
  }
}

}  // namespace gmmx
