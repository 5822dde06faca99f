// Tasks side by side, each on one thread, which all end soon where one fails or the caller wants no more.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "parallel/parallel.hpp"

namespace gmmx {

// Made by the calling thread, which alone asks whether to go on; the others learn of it.
class Watch {
 public:
  // \param check may be empty, and may throw
  explicit Watch(const std::function<void()>& check) : check_(check) {}

  // For tasks to call now and then: throws where they should end.
  void look() {
    if (stopped()) throw Stopped();
    if (!check_ || std::this_thread::get_id() != caller_) return;
    try {
      check_();
    } catch (...) {
      stop_with(std::current_exception());
      throw Stopped();
    }
  }

  // f(), whose exceptions stop all tasks.
  template <class F>
  void run(F&& f) noexcept {
    if (stopped()) return;
    try {
      f();
    } catch (const Stopped&) {
      return;
    } catch (...) {
      stop_with(std::current_exception());
    }
  }

  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

  // The first exception, once all have ended.
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  struct Stopped {};

  void stop_with(std::exception_ptr exception) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!exception_) exception_ = std::move(exception);
    stopped_.store(true, std::memory_order_relaxed);
  }

  const std::function<void()>& check_;
  const std::thread::id caller_ = std::this_thread::get_id();
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::exception_ptr exception_;
};

namespace detail {

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

}  // namespace detail

// task(0), ..., task(count - 1), in any order. \throws the first exception of a task or of the watch's check
template <class Task>
void for_tasks(Index count, int n_threads, Watch& watch, Task task) {
#ifdef _OPENMP
  if (n_threads > 1 && count > 1 && parallel_regions_are_safe()) {
    detail::Countdown countdown(count);
    const auto no_state = [] { return std::make_unique<int>(0); };
    detail::in_parallel(static_cast<int>(std::min<Index>(n_threads, count)), no_state,
                        [&](auto&, detail::ExceptionKeeper&) {
                          const auto run_one = [&](Index i) {
                            watch.run([&] { task(i); });
                            countdown.one_ended();
                          };
#pragma omp for nowait schedule(dynamic, 1)
                          for (Index i = 0; i < count; ++i) {
                            run_one(i);
                          }
                          // The caller, if nothing is left to it, looks on behalf of those that work.
                          watch.run([&] {
                            while (!countdown.wait()) watch.look();
                          });
                        });
    watch.rethrow();
    return;
  }
#endif
  for (Index i = 0; i < count && !watch.stopped(); ++i) watch.run([&] { task(i); });
  watch.rethrow();
}

}  // namespace gmmx
