#include <pybind11/stl.h>

#include "arrays.hpp"
#include "gmmx/kmeans.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace {

using Weights = std::optional<Contiguous<double>>;

VectorView<const double> uniforms_view(const Contiguous<double>& uniforms) {
  check_ndim(uniforms, 1, "uniforms");
  return {uniforms.data(), uniforms.size()};
}

struct Result {
  py::array_t<std::int32_t> labels;
  py::array_t<double> centers;
  double inertia;
  int n_iter;
};

Result kmeans_of(const py::array& rows, Index n_clusters, const Contiguous<double>& uniforms,
                 const Weights& sample_weight, int max_iter, double tol, int n_threads) {
  KMeansOptions options;
  options.max_iter = max_iter;
  options.tol = tol;
  options.n_threads = n_threads;
  options.on_iteration = [] {
    const py::gil_scoped_acquire locked;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  };
  return with_rows(rows, "X", [&](auto view) {
    const auto weights = vector_view(sample_weight, "sample_weight");
    KMeansResult result;
    {
      const py::gil_scoped_release unlocked;
      result = kmeans(view, n_clusters, uniforms_view(uniforms), weights, options);
    }
    return Result{take(std::move(result.labels), {view.rows()}),
                  take(std::move(result.centers), {n_clusters, view.cols()}), result.inertia, result.n_iter};
  });
}

}  // namespace

void register_kmeans(py::module_& m) {
  m.def("kmeans_draws", &kmeans_draws, py::arg("n_clusters"));
  m.def(
      "kmeans_plus_plus",
      [](const py::array& rows, Index n_clusters, const Contiguous<double>& uniforms, const Weights& sample_weight,
         int n_threads) {
        return with_rows(rows, "X", [&](auto view) {
          const auto weights = vector_view(sample_weight, "sample_weight");
          std::vector<Index> seeds;
          {
            const py::gil_scoped_release unlocked;
            seeds = kmeans_plus_plus(view, n_clusters, uniforms_view(uniforms), weights, n_threads);
          }
          return take(std::vector<std::int64_t>(seeds.begin(), seeds.end()), {n_clusters});
        });
      },
      py::arg("X"), py::arg("n_clusters"), py::arg("uniforms"), py::arg("sample_weight").none(true),
      py::arg("n_threads"));

  py::class_<Result>(m, "KMeansResult", py::is_final(), "What k-means ended with.")
      .def_readonly("labels", &Result::labels)
      .def_readonly("centers", &Result::centers)
      .def_readonly("inertia", &Result::inertia)
      .def_readonly("n_iter", &Result::n_iter);
  m.def("kmeans", &kmeans_of, py::arg("X"), py::arg("n_clusters"), py::arg("uniforms"),
        py::arg("sample_weight").none(true), py::kw_only(), py::arg("max_iter"), py::arg("tol"), py::arg("n_threads"));
}

}  // namespace gmmx::python
