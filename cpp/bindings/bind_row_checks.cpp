#include <pybind11/stl.h>

#include "arrays.hpp"
#include "gmmx/row_checks.hpp"
#include "registrations.hpp"

namespace gmmx::python {

void register_row_checks(py::module_& m) {
  m.def(
      "all_finite",
      [](const py::array& rows) {
        return with_rows(rows, "X", [](auto view) {
          const GilReleased unlocked;
          return all_finite(view);
        });
      },
      py::arg("X"));
  m.def(
      "columns_vary",
      [](const py::array& rows) { return with_rows(rows, "X", [](auto view) { return columns_vary(view); }); },
      py::arg("X"));
  m.def(
      "columns_are_independent",
      [](const py::array& rows, double share) {
        return with_rows(rows, "X", [&](auto view) {
          const GilReleased unlocked;
          return columns_are_independent(view, share);
        });
      },
      py::arg("X"), py::arg("share"));
  m.def(
      "columns_where_a_row_may_outweigh",
      [](const py::array& rows) {
        return with_rows(rows, "X", [](auto view) {
          const GilReleased unlocked;
          return columns_where_a_row_may_outweigh(view);
        });
      },
      py::arg("X"));
}

}  // namespace gmmx::python
