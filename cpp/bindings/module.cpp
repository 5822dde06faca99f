// Table of contents of the extension module. Needs no global interpreter lock: what is kept between calls are an atomic
// flag and constants whose initialization the compiler guards; each thread heeds a stop flag of its own.
#include "registrations.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  using namespace gmmx::python;
  show_as(m, "gmmx._core");
  register_errors(m);
  register_interrupts(m);
  register_row_checks(m);
  register_mixture(m);
  register_sufficient_statistics(m);
  register_em(m);
  register_many(m);
  register_density(m);
  register_kmeans(m);
  register_hierarchical(m);
  register_sample(m);
  register_build(m);
  pybind11::delattr(m, "__module__");
}
