// The one file of the bindings that is compiled for every instruction set.
#include "build.hpp"

#include <Python.h>

namespace gmmx::python {

const Build build = {GMMX_INSTRUCTION_SET, GMMX_COMPILE_FLAGS};

}  // namespace gmmx::python

// Of module.cpp. A module takes its name from where it is imported, but is entered by a function of that name.
PyMODINIT_FUNC PyInit__core();

PyMODINIT_FUNC GMMX_MODULE_INIT() { return PyInit__core(); }
