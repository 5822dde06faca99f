// gmmx._cpu: asked by gmmx/_core.py before any module with newer instructions is loaded. One function: pybind11's
// headers would take more time to compile than everything else here.
#include <Python.h>

#include "cpu_features.hpp"

namespace {

PyObject* supported_levels(PyObject* /*module*/, PyObject* /*nothing*/) {
  PyObject* const names = PyList_New(0);
  if (names == nullptr) return nullptr;
  for (const std::string& level : gmmx::cpu::supported_levels(gmmx::cpu::read_registers())) {
    PyObject* const name = PyUnicode_FromString(level.c_str());
    const bool is_added = name != nullptr && PyList_Append(names, name) == 0;
    Py_XDECREF(name);
    if (is_added) continue;
    Py_DECREF(names);
    return nullptr;
  }
  return names;
}

PyMethodDef functions[] = {
    {"supported_levels", supported_levels, METH_NOARGS,
     "supported_levels() -> list[str]\n\n"
     "List the levels of the x86-64 psABI that can run here, lowest first; the first is 'baseline' on every machine."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef_Slot slots[] = {
#ifdef Py_mod_gil  // from Python 3.13 on
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "_cpu",
                          "Which instruction sets this CPU and its operating system can run together.",
                          0,
                          functions,
                          slots,
                          nullptr,
                          nullptr,
                          nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__cpu() { return PyModuleDef_Init(&definition); }
