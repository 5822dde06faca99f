// One function a binding file.
#pragma once

#include <pybind11/pybind11.h>

namespace gmmx::python {

// Of which module classes and functions are that are registered next: the name of this one has the instruction set.
inline void show_as(pybind11::module_& m, const char* name) { m.attr("__module__") = name; }

void register_errors(pybind11::module_& m);
void register_interrupts(pybind11::module_& m);
void register_row_checks(pybind11::module_& m);
void register_mixture(pybind11::module_& m);
void register_sufficient_statistics(pybind11::module_& m);
void register_em(pybind11::module_& m);
void register_many(pybind11::module_& m);
void register_density(pybind11::module_& m);
void register_kmeans(pybind11::module_& m);
void register_hierarchical(pybind11::module_& m);
void register_sample(pybind11::module_& m);
void register_build(pybind11::module_& m);

}  // namespace gmmx::python
