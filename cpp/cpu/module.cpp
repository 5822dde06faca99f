// gmmx._cpu: asked by gmmx/_core.py before any module with newer instructions is loaded.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "cpu_features.hpp"

PYBIND11_MODULE(_cpu, m) {
  m.doc() = "Which instruction sets this CPU and its operating system can run together.";
  m.def(
      "supported_levels", [] { return gmmx::cpu::supported_levels(gmmx::cpu::read_registers()); },
      "List the levels of the x86-64 psABI that can run here, lowest first; the first is 'baseline' on every machine.");
}
