// The loop over rows: cut into blocks that fit the cache, spread over threads, merged in the order of the rows.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "parallel/parallel.hpp"

namespace gmmx {

namespace detail {

// What a loop does, whatever its workers are: the code of OpenMP is compiled once.
class BlockTask {
 public:
  // use(worker) with a worker of its own; use(nullptr) if making one throws, which keeper learns.
  virtual void with_worker(ExceptionKeeper& keeper, const std::function<void(void*)>& use) const = 0;
  virtual void work(void* worker, Index begin, Index end) const = 0;
  virtual void merge(void* worker) const = 0;

 protected:
  BlockTask() = default;
  ~BlockTask() = default;
};

void run_blocks(const Chunks& chunks, int n_threads, bool in_order, const BlockTask& task);

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
  // time in the order of the rows. make_worker() returns a pointer that owns; each thread has one worker.
  template <class MakeWorker, class Work, class Merge>
  void run(const MakeWorker& make_worker, const Work& work, const Merge& merge) const {
    detail::run_blocks(chunks_, n_threads_, true, Task<MakeWorker, Work, Merge>(make_worker, work, merge));
  }

  // The same with nothing to merge: work writes to places of its own rows, and no thread waits for a slower one.
  template <class MakeWorker, class Work>
  void run(const MakeWorker& make_worker, const Work& work) const {
    const auto nothing = [](auto&) {};
    detail::run_blocks(chunks_, n_threads_, false,
                       Task<MakeWorker, Work, decltype(nothing)>(make_worker, work, nothing));
  }

 private:
  template <class MakeWorker, class Work, class Merge>
  class Task final : public detail::BlockTask {
   public:
    Task(const MakeWorker& make_worker, const Work& work, const Merge& merge)
        : make_worker_(make_worker), work_(work), merge_(merge) {}
    void with_worker(detail::ExceptionKeeper& keeper, const std::function<void(void*)>& use) const override {
      Owner owner{};
      keeper.run([&] { owner = make_worker_(); });
      use(owner.get());
    }
    void work(void* worker, Index begin, Index end) const override { work_(*static_cast<Worker*>(worker), begin, end); }
    void merge(void* worker) const override { merge_(*static_cast<Worker*>(worker)); }

   private:
    using Owner = decltype(std::declval<const MakeWorker&>()());
    using Worker = std::remove_reference_t<decltype(*std::declval<Owner&>())>;
    const MakeWorker& make_worker_;
    const Work& work_;
    const Merge& merge_;
  };

  Chunks chunks_;
  int n_threads_;
};

// body(k) for every component, on any thread where that is worth it: it writes to places of component k alone, and may
// be called again where it throws. The exception of the first component that has one reaches the caller.
void for_components(Index n_components, double flops_of_each, int n_threads, const std::function<void(Index)>& body);

}  // namespace gmmx
