// Tasks side by side, each on one thread, which all end soon where one fails or the caller wants no more.
#pragma once

#include <functional>
#include <thread>

#include "parallel/parallel.hpp"

namespace gmmx {

// Made by the calling thread, which alone asks whether to go on; the others learn of it. An exception that it keeps
// stops all tasks.
class Watch : public ExceptionKeeper {
 public:
  // \param check may be empty, and may throw
  explicit Watch(const std::function<void()>& check) : check_(check) {}

  // For tasks to call now and then: throws where they should end.
  void look() {
    if (check_ && std::this_thread::get_id() == caller_) run(check_);
    if (failed()) throw Stopped();  // which is never the first exception
  }

 private:
  struct Stopped {};

  const std::function<void()>& check_;
  const std::thread::id caller_ = std::this_thread::get_id();
};

// task(0), ..., task(count - 1), in any order. \throws the first exception of a task or of the watch's check
void for_tasks(Index count, int n_threads, Watch& watch, const std::function<void(Index)>& task);

}  // namespace gmmx
