// States that loops use one after another: a thread borrows one and gives it back.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace gmmx {

template <class State>
class Pool {
 public:
  struct GiveBack {
    Pool* pool = nullptr;
    void operator()(State* state) const { pool->give_back(std::unique_ptr<State>(state)); }
  };
  using Loan = std::unique_ptr<State, GiveBack>;  // must not outlive the pool

  // make() returns a unique_ptr; asked where no state is free.
  template <class Make>
  Loan lend(Make make) {
    std::unique_ptr<State> state = take();
    if (!state) state = make();
    return {state.release(), {this}};
  }

 private:
  std::unique_ptr<State> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) return nullptr;
    std::unique_ptr<State> last = std::move(free_.back());
    free_.pop_back();
    return last;
  }

  void give_back(std::unique_ptr<State> state) {
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(std::move(state));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<State>> free_;
};

}  // namespace gmmx
