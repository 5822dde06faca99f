// Table of contents of the extension module.
#include "registrations.hpp"

PYBIND11_MODULE(_core, m) {
  using namespace gmmx::python;
  show_as(m, "gmmx._core");
  register_errors(m);
  register_interrupts(m);
  register_row_checks(m);
  register_mixture(m);
  register_sufficient_statistics(m);
  register_em(m);
  register_density(m);
  register_kmeans(m);
  register_hierarchical(m);
  register_sample(m);
  register_build(m);
  pybind11::delattr(m, "__module__");
}
