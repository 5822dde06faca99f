#include <pybind11/stl.h>

#include "arrays.hpp"
#include "gmmx/density.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace {

// A function of rows and a mixture whose result has the precision of the rows: (n, K) or (n,).
template <class Fill>
py::array rows_to_matrix(const py::array& rows, const Mixture& mixture, Fill fill) {
  return with_rows(rows, "X", [&](auto view) -> py::array {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(view.data())>>;
    py::array_t<T> out({view.rows(), mixture.n_components()});
    const MatrixView<T> result = output_matrix(out);
    {
      const py::gil_scoped_release unlocked;
      fill(view, result);
    }
    return std::move(out);
  });
}

}  // namespace

void register_density(py::module_& m) {
  m.def(
      "log_prob",
      [](const py::array& rows, const Mixture& mixture, int n_threads) {
        return rows_to_matrix(rows, mixture, [&](auto view, auto out) { log_prob(view, mixture, out, n_threads); });
      },
      py::arg("X"), py::arg("mixture"), py::arg("n_threads"));
  m.def(
      "responsibilities",
      [](const py::array& rows, const Mixture& mixture, int n_threads) {
        return rows_to_matrix(rows, mixture,
                              [&](auto view, auto out) { responsibilities(view, mixture, out, n_threads); });
      },
      py::arg("X"), py::arg("mixture"), py::arg("n_threads"));
  m.def(
      "score_samples",
      [](const py::array& rows, const Mixture& mixture, int n_threads) {
        return with_rows(rows, "X", [&](auto view) -> py::array {
          using T = std::remove_const_t<std::remove_pointer_t<decltype(view.data())>>;
          py::array_t<T> out(view.rows());
          const VectorView<T> result = output_vector(out);
          {
            const py::gil_scoped_release unlocked;
            score_samples(view, mixture, result, n_threads);
          }
          return std::move(out);
        });
      },
      py::arg("X"), py::arg("mixture"), py::arg("n_threads"));
  m.def(
      "predict",
      [](const py::array& rows, const Mixture& mixture, int n_threads) {
        return with_rows(rows, "X", [&](auto view) {
          py::array_t<std::int64_t> out(view.rows());
          const VectorView<std::int64_t> result = output_vector(out);
          {
            const py::gil_scoped_release unlocked;
            predict(view, mixture, result, n_threads);
          }
          return out;
        });
      },
      py::arg("X"), py::arg("mixture"), py::arg("n_threads"));
  m.def(
      "log_likelihood",
      [](const py::array& rows, const Mixture& mixture, const std::optional<Contiguous<double>>& sample_weight,
         int n_threads) {
        return with_rows(rows, "X", [&](auto view) {
          const auto weights = vector_view(sample_weight, "sample_weight");
          const py::gil_scoped_release unlocked;
          return log_likelihood(view, mixture, weights, n_threads);
        });
      },
      py::arg("X"), py::arg("mixture"), py::arg("sample_weight").none(true), py::arg("n_threads"));
}

}  // namespace gmmx::python
