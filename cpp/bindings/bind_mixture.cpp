#include <pybind11/stl.h>

#include "arrays.hpp"
#include "gmmx/decomposition.hpp"
#include "gmmx/em.hpp"
#include "gmmx/equal_components.hpp"
#include "gmmx/factors.hpp"
#include "gmmx/mixture.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace {

using Parameters = Contiguous<double>;

void check_shape(const Parameters& array, const std::vector<Index>& shape, const char* name) {
  if (array.ndim() == static_cast<py::ssize_t>(shape.size()) && std::equal(shape.begin(), shape.end(), array.shape())) {
    return;
  }
  const std::string wanted = py::str(py::tuple(py::cast(shape))).cast<std::string>();
  throw InvalidArgument(std::string(name) + " has shape " + shape_of(array) + ", but must have shape " + wanted);
}

Mixture make_mixture(const Parameters& weights, const Parameters& means, const std::string& type_name,
                     const std::optional<Parameters>& covariances,
                     const std::optional<Parameters>& precisions_cholesky) {
  const CovarianceType type = covariance_type_from_string(type_name);
  check_ndim(weights, 1, "weights");
  check_ndim(means, 2, "means");
  const Index k = weights.size();
  const Index d = means.shape(1);
  check_shape(means, {k, d}, "means");
  const std::vector<Index> shape = covariance_shape(type, k, d);
  if (covariances) check_shape(*covariances, shape, "covariances");
  if (precisions_cholesky) check_shape(*precisions_cholesky, shape, "precisions_cholesky");
  return {type,
          d,
          to_vector(weights),
          to_vector(means),
          covariances ? to_vector(*covariances) : std::vector<double>(),
          precisions_cholesky ? to_vector(*precisions_cholesky) : std::vector<double>()};
}

std::vector<Index> shape_of_covariances(const Mixture& mixture) {
  return covariance_shape(mixture.covariance_type(), mixture.n_components(), mixture.n_features());
}

const Mixture& as_mixture(const py::object& self) { return self.cast<const Mixture&>(); }

}  // namespace

void register_mixture(py::module_& m) {
  show_as(m, "gmmx");
  py::class_<Mixture>(m, "Mixture", py::is_final(), R"(Parameters of a Gaussian mixture, an immutable value.

Parameters
----------
weights : array of shape (n_components,), float64
    Mixing weights, nonnegative and summing to one.
means : array of shape (n_components, n_features), float64
    Means.
covariance_type : str
    Covariance model: 'full', 'tied', 'diag', 'spherical', a parsimonious model, 'EII' to 'VVV', or for a single feature
    'E' or 'V'.
covariances : array, float64, optional
    Covariances, of shape (K,) for spherical, EII, VII, E, V; (K, d) for diag, EEI, VEI, EVI, VVI; (d, d) for tied, EEE;
    and (K, d, d) for all others. None computes them from the factors.
precisions_cholesky : array, float64, optional
    Upper triangular U with precision = U U^T, or 1 / sqrt(variance), with the shape of the covariances. None computes
    them from the covariances.

Raises
------
ValueError
    If shapes disagree, a number is not finite, the weights do not sum to one or a factor is not triangular.
CollapsedComponentError
    If a covariance is not positive definite; `component` is its index.

Examples
--------
>>> import gmmx
>>> mixture = gmmx.Mixture([0.5, 0.5], [[0.0], [4.0]], "diag", covariances=[[1.0], [1.0]])
>>> mixture.n_parameters
5
)")
      .def(py::init(&make_mixture), py::arg("weights"), py::arg("means"), py::arg("covariance_type"), py::kw_only(),
           py::arg("covariances") = py::none(), py::arg("precisions_cholesky") = py::none())
      .def_property_readonly("covariance_type", [](const Mixture& self) { return to_string(self.covariance_type()); })
      .def_property_readonly("n_components", &Mixture::n_components)
      .def_property_readonly("n_features", &Mixture::n_features)
      .def_property_readonly("n_parameters",
                             [](const Mixture& self) {
                               return n_parameters(self.covariance_type(), self.n_components(), self.n_features());
                             })
      .def_property_readonly("weights",
                             [](const py::object& self) {
                               const Mixture& mixture = as_mixture(self);
                               return read_only(mixture.weights(), {mixture.n_components()}, self);
                             })
      .def_property_readonly("means",
                             [](const py::object& self) {
                               const Mixture& mixture = as_mixture(self);
                               return read_only(mixture.means(), {mixture.n_components(), mixture.n_features()}, self);
                             })
      .def_property_readonly("covariances",
                             [](const py::object& self) {
                               const Mixture& mixture = as_mixture(self);
                               return read_only(mixture.covariances(), shape_of_covariances(mixture), self);
                             })
      .def_property_readonly("precisions_cholesky",
                             [](const py::object& self) {
                               const Mixture& mixture = as_mixture(self);
                               return read_only(mixture.precisions_cholesky(), shape_of_covariances(mixture), self);
                             })
      .def(
          "check_factors", [](const Mixture& self, bool single_precision) { check_factors(self, single_precision); },
          py::kw_only(), py::arg("single_precision") = false,
          R"(Check that covariances and precisions_cholesky agree up to rounding.

Parameters
----------
single_precision : bool, default=False
    Whether both were rounded to float32.

Raises
------
ValueError
    If they do not agree; the message names the component.
)")
      .def("__repr__",
           [](const Mixture& self) {
             return "Mixture(n_components=" + std::to_string(self.n_components()) +
                    ", n_features=" + std::to_string(self.n_features()) + ", covariance_type='" +
                    to_string(self.covariance_type()) + "')";
           })
      .def(py::pickle(
          [](const py::object& self) {
            return py::make_tuple(self.attr("weights"), self.attr("means"), self.attr("covariance_type"),
                                  self.attr("covariances"), self.attr("precisions_cholesky"));
          },
          [](const py::tuple& state) {
            if (state.size() != 5) {
              throw InvalidArgument("the state of a Mixture has " + std::to_string(state.size()) +
                                    " items, but must have 5: weights, means, covariance_type, covariances and "
                                    "precisions_cholesky; give what Mixture.__getstate__() returned");
            }
            return make_mixture(state[0].cast<Parameters>(), state[1].cast<Parameters>(), state[2].cast<std::string>(),
                                state[3].cast<Parameters>(), state[4].cast<Parameters>());
          }));
  show_as(m, "gmmx._core");

  m.def(
      "decompose",
      [](const Mixture& mixture) {
        Decomposition parts = decompose(mixture);
        const Index k = mixture.n_components(), d = mixture.n_features();
        return py::make_tuple(take(std::move(parts.volumes), {k}), take(std::move(parts.shapes), {k, d}),
                              take(std::move(parts.orientations), {k, d, d}));
      },
      py::arg("mixture"));
  m.def(
      "nearest_covariances",
      [](const std::string& type_name, const Parameters& covariances) {
        check_ndim(covariances, 3, "covariances");
        const CovarianceType type = covariance_type_from_string(type_name);
        const Index k = covariances.shape(0), d = covariances.shape(1);
        check_shape(covariances, {k, d, d}, "covariances");
        return take(nearest_covariances(type, k, d, to_vector(covariances)), covariance_shape(type, k, d));
      },
      py::arg("covariance_type"), py::arg("covariances"));
  m.def("equal_components", &equal_components, py::arg("mixture"), py::arg("tolerance"));
  m.def("covariance_types", [] {
    std::vector<std::string> names;
    for (const CovarianceType type : covariance_types()) names.push_back(to_string(type));
    return names;
  });
  m.def(
      "covariance_shape",
      [](const std::string& type, Index n_components, Index n_features) {
        return py::tuple(py::cast(covariance_shape(covariance_type_from_string(type), n_components, n_features)));
      },
      py::arg("covariance_type"), py::arg("n_components"), py::arg("n_features"));
}

}  // namespace gmmx::python
