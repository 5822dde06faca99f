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
      const GilReleased unlocked;
      fill(Rows(view), result);
    }
    return std::move(out);
  });
}

py::array log_densities_of(const py::array& rows, const Mixture& mixture, NearestInt n_threads) {
  return rows_to_matrix(rows, mixture,
                        [&](auto view, auto out) { component_log_densities(view, mixture, out, n_threads); });
}

}  // namespace

void register_density(py::module_& m) {
  py::class_<Mixture>(m.attr("Mixture"))
      .def(
          "component_log_densities",
          [](const Mixture& self, const py::array& rows, NearestInt n_threads) {
            return log_densities_of(rows, self, n_threads);
          },
          py::arg("X"), py::arg("n_threads") = 1, R"(Compute the log-density of each row under each component.

The mixing weights are left out: add ``np.log(mixture.weights)`` for log(weights_k N(x_n | k)). A row that holds NaN or
infinity gives NaN.

Parameters
----------
X : ndarray of shape (n_samples, n_features), float64 or float32
    Rows, all finite.
n_threads : int, default=1
    Threads. The result does not depend on it.

Returns
-------
log_densities : ndarray of shape (n_samples, n_components)
    log N(x_n | mean_k, covariance_k), natural logarithms, in the type of X; minus infinity where that cannot hold
    them. Equation (1) of the theory.

Raises
------
TypeError
    If X is not an array of float64 or float32.
ValueError
    If the shape of X does not fit the mixture.

Examples
--------
>>> import numpy as np
>>> import gmmx
>>> mixture = gmmx.Mixture([0.5, 0.5], [[0.0], [4.0]], "diag", covariances=[[1.0], [1.0]])
>>> mixture.component_log_densities(np.array([[0.0]])).round(4)
array([[-0.9189, -8.9189]])
)");
  m.def(
      "responsibilities",
      [](const py::array& rows, const Mixture& mixture, NearestInt n_threads) {
        return rows_to_matrix(rows, mixture,
                              [&](auto view, auto out) { responsibilities(view, mixture, out, n_threads); });
      },
      py::arg("X"), py::arg("mixture"), py::arg("n_threads"));
  m.def(
      "score_samples",
      [](const py::array& rows, const Mixture& mixture, NearestInt n_threads) {
        return with_rows(rows, "X", [&](auto view) -> py::array {
          using T = std::remove_const_t<std::remove_pointer_t<decltype(view.data())>>;
          py::array_t<T> out(view.rows());
          const VectorView<T> result = output_vector(out);
          {
            const GilReleased unlocked;
            score_samples(Rows(view), mixture, result, n_threads);
          }
          return std::move(out);
        });
      },
      py::arg("X"), py::arg("mixture"), py::arg("n_threads"));
  m.def(
      "predict",
      [](const py::array& rows, const Mixture& mixture, NearestInt n_threads) {
        return with_rows(rows, "X", [&](auto view) {
          py::array_t<std::int64_t> out(view.rows());
          const VectorView<std::int64_t> result = output_vector(out);
          {
            const GilReleased unlocked;
            predict(Rows(view), mixture, result, n_threads);
          }
          return out;
        });
      },
      py::arg("X"), py::arg("mixture"), py::arg("n_threads"));
  m.def(
      "log_likelihood",
      [](const py::array& X, const Mixture& mixture, const Weights& sample_weight, NearestInt n_threads) {
        return with_weighted_rows(X, sample_weight, [&](const auto& rows) {
          const GilReleased unlocked;
          return log_likelihood(rows, mixture, n_threads);
        });
      },
      py::arg("X"), py::arg("mixture"), py::arg("sample_weight").none(true), py::arg("n_threads"));
  m.def(
      "predict_with_log_likelihood",
      [](const py::array& X, const Mixture& mixture, const Weights& sample_weight, NearestInt n_threads) {
        return with_weighted_rows(X, sample_weight, [&](const auto& rows) {
          py::array_t<std::int64_t> out(rows.size());
          const VectorView<std::int64_t> result = output_vector(out);
          double sum = 0;
          {
            const GilReleased unlocked;
            sum = predict_with_log_likelihood(rows, mixture, result, n_threads);
          }
          return py::make_tuple(out, sum);
        });
      },
      py::arg("X"), py::arg("mixture"), py::arg("sample_weight").none(true), py::arg("n_threads"));
}

}  // namespace gmmx::python
