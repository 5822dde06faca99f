#include <pybind11/gil_safe_call_once.h>

#include <string>

#include "gmmx/errors.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace py = pybind11;

namespace {
PYBIND11_CONSTINIT py::gil_safe_call_once_and_store<py::object> collapsed_component_error;

// Python calls rows X.
std::string with_names_of_python(const std::string& message) {
  const std::string rows = "rows has ";
  return message.compare(0, rows.size(), rows) == 0 ? "X has " + message.substr(rows.size()) : message;
}
}  // namespace

void register_errors(py::module_& m) {
  collapsed_component_error.call_once_and_store_result([] {
    return py::reinterpret_steal<py::object>(PyErr_NewExceptionWithDoc(
        "gmmx.CollapsedComponentError",
        "A covariance is not positive definite.\n\n`component` is its index, -1 for a shared covariance.",
        PyExc_ValueError, nullptr));
  });
  m.attr("CollapsedComponentError") = collapsed_component_error.get_stored();
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const CollapsedComponent& error) {
      const py::object& type = collapsed_component_error.get_stored();
      const py::object value = type(error.what());
      value.attr("component") = error.component();
      PyErr_SetObject(type.ptr(), value.ptr());
    } catch (const RowOutOfRange& error) {
      const py::object value = py::reinterpret_borrow<py::object>(PyExc_ValueError)("X " + error.complaint());
      value.attr("row") = error.row();
      PyErr_SetObject(PyExc_ValueError, value.ptr());
    } catch (const InvalidArgument& error) {
      PyErr_SetString(PyExc_ValueError, with_names_of_python(error.what()).c_str());
    }
  });
}

}  // namespace gmmx::python
