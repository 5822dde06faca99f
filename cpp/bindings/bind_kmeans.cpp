#include <pybind11/stl.h>

#include "arrays.hpp"
#include "gmmx/kmeans.hpp"
#include "interrupts.hpp"
#include "registrations.hpp"

namespace gmmx::python {

// What Python sees of a KMeansResult.
struct KMeansArrays {
  py::array_t<std::int32_t> labels;
  py::array_t<double> centers;
  double inertia;
  int n_iter;
};

namespace {

VectorView<const double> uniforms_view(const Contiguous<double>& uniforms) {
  check_ndim(uniforms, 1, "uniforms");
  return {uniforms.data(), uniforms.size()};
}

KMeansArrays kmeans_of(const py::array& X, Index n_clusters, const Contiguous<double>& uniforms,
                       const Weights& sample_weight, NearestInt max_iter, double tol, NearestInt n_threads) {
  KMeansOptions options;
  options.max_iter = max_iter;
  options.tol = tol;
  options.n_threads = n_threads;
  options.on_iteration = interrupt_check();
  return with_weighted_rows(X, sample_weight, [&](const auto& rows) {
    KMeansResult result;
    {
      const GilReleased unlocked;
      result = kmeans(rows, n_clusters, uniforms_view(uniforms), options);
    }
    return KMeansArrays{take(std::move(result.labels), {rows.size()}),
                        take(std::move(result.centers), {n_clusters, rows.n_features()}), result.inertia,
                        result.n_iter};
  });
}

}  // namespace

void register_kmeans(py::module_& m) {
  m.def("kmeans_draws", &kmeans_draws, py::arg("n_clusters"));
  m.def(
      "kmeans_plus_plus",
      [](const py::array& X, Index n_clusters, const Contiguous<double>& uniforms, const Weights& sample_weight,
         NearestInt n_threads) {
        return with_weighted_rows(X, sample_weight, [&](const auto& rows) {
          const auto check = interrupt_check();
          std::vector<Index> seeds;
          {
            const GilReleased unlocked;
            seeds = kmeans_plus_plus(rows, n_clusters, uniforms_view(uniforms), n_threads, check);
          }
          return take(std::vector<std::int64_t>(seeds.begin(), seeds.end()), {n_clusters});
        });
      },
      py::arg("X"), py::arg("n_clusters"), py::arg("uniforms"), py::arg("sample_weight").none(true),
      py::arg("n_threads"));

  py::class_<KMeansArrays>(m, "KMeansResult", py::is_final(), "What k-means ended with.")
      .def_readonly("labels", &KMeansArrays::labels)
      .def_readonly("centers", &KMeansArrays::centers)
      .def_readonly("inertia", &KMeansArrays::inertia)
      .def_readonly("n_iter", &KMeansArrays::n_iter);
  m.def("kmeans", &kmeans_of, py::arg("X"), py::arg("n_clusters"), py::arg("uniforms"),
        py::arg("sample_weight").none(true), py::kw_only(), py::arg("max_iter"), py::arg("tol"), py::arg("n_threads"));
}

}  // namespace gmmx::python
