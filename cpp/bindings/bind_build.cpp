// How this module was built, and how many threads it would use.
#include <pybind11/stl.h>

#include <string>

#include "build.hpp"
#include "gmmx/threads.hpp"
#include "gmmx/version.hpp"
#include "integers.hpp"
#include "registrations.hpp"

#ifndef GMMX_BUILD_TYPE
#define GMMX_BUILD_TYPE "unknown"
#endif
#ifndef GMMX_EIGEN_VERSION
#define GMMX_EIGEN_VERSION "unknown"
#endif

namespace gmmx::python {

namespace py = pybind11;

namespace {

std::string compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#elif defined(__GNUC__)
  return "GCC " __VERSION__;
#elif defined(_MSC_VER)
  return "MSVC " + std::to_string(_MSC_FULL_VER);
#else
  return "unknown";
#endif
}

}  // namespace

void register_build(py::module_& m) {
  m.attr("__version__") = GMMX_VERSION;
  m.def(
      "thread_count", [](std::optional<NearestInt> n_jobs) { return n_jobs ? thread_count(*n_jobs) : thread_count(); },
      py::arg("n_jobs").none(true));
  m.def("build_config", [] {
    py::dict config;
    config["version"] = GMMX_VERSION;
    config["instruction_set"] = build.instruction_set;
    config["compiler"] = compiler();
    config["build_type"] = GMMX_BUILD_TYPE;
    config["compile_flags"] = build.compile_flags;
    config["eigen"] = GMMX_EIGEN_VERSION;
    config["pybind11"] = std::to_string(PYBIND11_VERSION_MAJOR) + "." + std::to_string(PYBIND11_VERSION_MINOR) + "." +
                         std::to_string(PYBIND11_VERSION_MICRO);
#ifdef _OPENMP
    config["openmp"] = true;
#else
    config["openmp"] = false;
#endif
    return config;
  });
}

}  // namespace gmmx::python
