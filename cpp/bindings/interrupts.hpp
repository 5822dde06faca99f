// What stops native work early: Ctrl-C, and a flag that another thread of Python sets.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>

#include "constructed.hpp"
#include "gil.hpp"

namespace gmmx::python {

// Set by one thread, heeded by others.
struct StopFlag {
  std::shared_ptr<std::atomic<bool>> is_set = std::make_shared<std::atomic<bool>>(false);
};

// The flag that a thread heeds was set.
class StopRequested : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The flag that this thread heeds, or none.
std::shared_ptr<std::atomic<bool>>& heeded_flag();

// To be asked often by the thread that calls this now, with or without the lock; throws where the work should end.
// Signals are looked for every few milliseconds alone: the lock may be slow to get.
std::function<void()> interrupt_check();

}  // namespace gmmx::python

namespace pybind11::detail {
template <>
class type_caster<gmmx::python::StopFlag> : public constructed_caster<gmmx::python::StopFlag> {};
}  // namespace pybind11::detail
