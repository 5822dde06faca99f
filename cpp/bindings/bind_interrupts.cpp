#include "interrupts.hpp"
#include "registrations.hpp"

namespace gmmx::python {

std::shared_ptr<std::atomic<bool>>& heeded_flag() {
  static thread_local std::shared_ptr<std::atomic<bool>> flag;
  return flag;
}

std::function<void()> interrupt_check() {
  using Clock = std::chrono::steady_clock;
  static constexpr auto between_looks = std::chrono::milliseconds(20);
  return [flag = heeded_flag(), next = Clock::now() + between_looks]() mutable {
    if (flag && flag->load(std::memory_order_relaxed)) throw StopRequested("the work was stopped by another thread");
    if (const auto now = Clock::now(); now < next) {
      return;
    } else {
      next = now + between_looks;
    }
    const GilHeld locked;
    if (in_python([] { return PyErr_CheckSignals(); }) != 0) throw py::error_already_set();
  };
}

void register_interrupts(py::module_& m) {
  py::register_exception<StopRequested>(m, "StopRequestedError", PyExc_RuntimeError);
  m.attr("StopRequestedError").attr("__module__") = "gmmx._core";
  py::class_<StopFlag>(m, "StopFlag", py::is_final(),
                       "Ends the native work of the threads that heed it, once it is set.")
      .def(py::init<>())
      .def("set", [](const StopFlag& self) { self.is_set->store(true); })
      .def("is_set", [](const StopFlag& self) { return self.is_set->load(); });
  m.def(
      "heed", [](const StopFlag* flag) { heeded_flag() = flag ? flag->is_set : nullptr; }, py::arg("flag").none(true));
}

}  // namespace gmmx::python
