// Tasks side by side, each on one thread, which all end soon where one fails or the caller wants no more.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "gmmx/views.hpp"

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

// task(0), ..., task(count - 1), in any order. \throws the first exception of a task or of the watch's check
void for_tasks(Index count, int n_threads, Watch& watch, const std::function<void(Index)>& task);

}  // namespace gmmx
