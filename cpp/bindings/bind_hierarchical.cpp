#include <pybind11/stl.h>

#include "arrays.hpp"
#include "gmmx/hierarchical.hpp"
#include "interrupts.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace {

py::tuple tree_of(const Contiguous<double>& rows, const std::string& criterion,
                  const std::optional<Contiguous<std::int32_t>>& groups, NearestInt n_threads) {
  check_ndim(rows, 2, "X");
  const auto group_numbers = vector_view(groups, "groups");
  HierarchicalOptions options;
  options.n_threads = n_threads;
  options.check_interrupt = interrupt_check();
  HierarchicalResult tree;
  {
    const GilReleased unlocked;
    tree = hierarchical_clustering(matrix_view<double>(rows), merge_criterion_from_string(criterion), group_numbers,
                                   options);
  }
  const auto n_merges = static_cast<Index>(tree.values.size());
  return py::make_tuple(take(std::move(tree.merges), {n_merges, 2}), take(std::move(tree.values), {n_merges}));
}

}  // namespace

void register_hierarchical(py::module_& m) {
  m.def("hierarchical_clustering", &tree_of, py::arg("X"), py::arg("criterion"), py::arg("groups").none(true),
        py::arg("n_threads"));
  m.def("merge_criteria", [] {
    std::vector<std::string> names;
    for (const MergeCriterion criterion : merge_criteria()) names.push_back(to_string(criterion));
    return names;
  });
}

}  // namespace gmmx::python
