// States that loops use one after another: a thread borrows one and gives it back.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace gmmx {

template <class State>
class Pool {
 public:
  struct GiveBack {
    Pool* pool = nullptr;
    void operator()(State* state) const {
      const std::lock_guard<std::mutex> lock(pool->mutex_);
      pool->free_.emplace_back(state);
    }
  };
  using Loan = std::unique_ptr<State, GiveBack>;  // must not outlive the pool

  // make() returns a unique_ptr; asked where no state is free.
  template <class Make>
  Loan lend(Make make) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!free_.empty()) {
        Loan last(free_.back().release(), {this});
        free_.pop_back();
        return last;
      }
    }
    return {make().release(), {this}};
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<State>> free_;
};

}  // namespace gmmx
