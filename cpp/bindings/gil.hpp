// The interpreter's lock around native work, and the calls into Python that this work makes.
//
// A daemon thread that asks for the lock while the interpreter finalizes never gets it. Python 3.14 lets it hang;
// earlier versions end it by pthread_exit, which with glibc unwinds the stack, and std::terminate ends the process
// where that meets a destructor or a noexcept function. No check beforehand helps, because the interpreter may begin to
// finalize while the thread waits. So the unwinding is caught where it leaves Python's C code, and the thread sleeps
// from then on: a process that exits does not wait for it.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>

namespace gmmx::python {

namespace py = pybind11;

[[noreturn]] inline void sleep_for_ever() noexcept {
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

// f() of Python's C interface, from which nothing but such an unwinding can come. f must own nothing: a destructor
// would run without the lock.
template <class F>
auto in_python(F f) -> decltype(f()) {
  try {
    return f();
  } catch (...) {
    sleep_for_ever();  // a handler that ended would end the process
  }
}

// Gives the lock away for as long as it lives.
class GilReleased {
 public:
  GilReleased() : state_(PyEval_SaveThread()) {}
  ~GilReleased() {
    in_python([state = state_] { PyEval_RestoreThread(state); });
  }
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  PyThreadState* state_;
};

// Takes the lock back for as long as it lives; on the thread that gave it away.
class GilHeld {
 public:
  GilHeld() : state_(in_python([] { return PyGILState_Ensure(); })) {}
  ~GilHeld() { PyGILState_Release(state_); }
  GilHeld(const GilHeld&) = delete;
  GilHeld& operator=(const GilHeld&) = delete;

 private:
  PyGILState_STATE state_;
};

// function(*arguments), which may run Python code and so wait for the lock. \throws py::error_already_set
inline py::object call(const py::function& function, const py::tuple& arguments) {
  PyObject* const result =
      in_python([f = function.ptr(), a = arguments.ptr()] { return PyObject_Call(f, a, nullptr); });
  if (result == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

inline bool is_true(const py::object& answer) {
  const int truth = in_python([a = answer.ptr()] { return PyObject_IsTrue(a); });
  if (truth < 0) throw py::error_already_set();
  return truth == 1;
}

}  // namespace gmmx::python
