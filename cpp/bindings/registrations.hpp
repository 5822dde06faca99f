// One function a binding file.
#pragma once

#include <pybind11/pybind11.h>

namespace gmmx::python {

void register_errors(pybind11::module_& m);
void register_interrupts(pybind11::module_& m);
void register_mixture(pybind11::module_& m);
void register_sufficient_statistics(pybind11::module_& m);
void register_em(pybind11::module_& m);
void register_density(pybind11::module_& m);
void register_kmeans(pybind11::module_& m);
void register_hierarchical(pybind11::module_& m);
void register_sample(pybind11::module_& m);
void register_build(pybind11::module_& m);

}  // namespace gmmx::python
