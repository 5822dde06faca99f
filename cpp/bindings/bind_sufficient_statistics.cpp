#include <pybind11/stl.h>

#include <cmath>

#include "arrays.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "gmmx/threads.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace {

using Weights = std::optional<Contiguous<double>>;

std::vector<Index> shape_of_second_moments(const SufficientStatistics& s) {
  switch (s.form) {
    case SecondMoments::full:
      return {s.n_components, s.n_features, s.n_features};
    case SecondMoments::pooled:
      return {s.n_features, s.n_features};
    case SecondMoments::diagonal:
      return {s.n_components, s.n_features};
    case SecondMoments::trace:
      break;
  }
  return {s.n_components};
}

const SufficientStatistics& as_statistics(const py::object& self) { return self.cast<const SufficientStatistics&>(); }

SecondMoments form_for(const std::string& covariance_type) {
  return second_moment_form(covariance_type_from_string(covariance_type));
}

SufficientStatistics from_labels(const py::array& rows, const Contiguous<std::int32_t>& labels, Index n_components,
                                 const std::string& covariance_type, const Weights& sample_weight,
                                 NearestInt n_threads) {
  const SecondMoments form = form_for(covariance_type);
  check_ndim(labels, 1, "labels");
  if (n_components < 1)
    throw InvalidArgument("n_components must be at least 1, but is " + std::to_string(n_components));
  return with_rows(rows, "X", [&](auto view) {
    const auto weights = vector_view(sample_weight, "sample_weight");
    const GilReleased unlocked;
    return statistics_from_labels(view, VectorView<const std::int32_t>(labels.data(), labels.size()), n_components,
                                  form, weights, n_threads);
  });
}

template <class T>
SufficientStatistics from_responsibilities_of(MatrixView<const T> rows, const py::array& responsibilities,
                                              SecondMoments form, const Weights& sample_weight, NearestInt n_threads) {
  const Contiguous<T> held(responsibilities);
  check_ndim(held, 2, "responsibilities");
  const auto weights = vector_view(sample_weight, "sample_weight");
  const MatrixView<const T> view(held.data(), held.shape(0), held.shape(1));
  const GilReleased unlocked;
  return statistics_from_responsibilities(rows, view, form, weights, n_threads);
}

SufficientStatistics from_responsibilities(const py::array& rows, const py::array& responsibilities,
                                           const std::string& covariance_type, const Weights& sample_weight,
                                           NearestInt n_threads) {
  const SecondMoments form = form_for(covariance_type);
  return with_rows(rows, "X", [&](auto view) {
    return from_responsibilities_of(view, responsibilities, form, sample_weight, n_threads);
  });
}

// Python's own entry takes whatever NumPy can make an array of; what is not floating becomes float64.
py::array as_floating_array(const py::object& object) {
  const py::array array = py::array::ensure(object);
  if (!array) throw py::error_already_set();
  const bool floating = py::isinstance<py::array_t<double>>(array) || py::isinstance<py::array_t<float>>(array);
  if (floating) return array;
  if (array.dtype().kind() == 'c')
    throw InvalidArgument("X and responsibilities must be real, but one of them is complex");
  return array.attr("astype")("float64");
}

// A single NaN or infinity among the rows is found in the sums.
void check_finite(const SufficientStatistics& s) {
  for (const std::vector<double>* sums : {&s.counts, &s.first_moments, &s.second_moments}) {
    for (const double sum : *sums) {
      if (std::isfinite(sum)) continue;
      throw InvalidArgument(
          "X holds NaN, infinity or numbers whose squares are too large to add; leave such rows out or scale them");
    }
  }
}

}  // namespace

void register_sufficient_statistics(py::module_& m) {
  using S = SufficientStatistics;
  show_as(m, "gmmx");
  py::class_<S>(m, "SufficientStatistics", py::is_final(), R"(Everything that an M-step needs of the rows; values add.

Made by :func:`gmmx.e_step` or :meth:`from_responsibilities`. Statistics of parts of the rows add up to those of the
whole, so parts may come from blocks, threads, files or machines. Adding those of different mixtures is refused.

Attributes
----------
counts : (n_components,)
    N_k, the sum of the responsibilities, times the sample weights.
shifts : (n_components, n_features)
    What the moments are taken about: the means of the mixture, or of a given partition.
first_moments : (n_components, n_features)
second_moments : array
    Form 'full' (K, d, d), 'pooled' (d, d), 'diagonal' (K, d) or 'trace' (K,): the least the covariance type needs.
log_likelihood : float
    Of the rows, under the mixture of the E-step.
n_samples : int
    Rows of positive weight.
total_weight : float
empty_components : list of int
    Components that hold no more than a rounding error of the weight.

Examples
--------
>>> import numpy as np, gmmx
>>> X = np.array([[0.0], [1.0], [9.0], [10.0]])
>>> mixture = gmmx.Mixture([0.5, 0.5], [[0.0], [9.0]], "diag", covariances=[[1.0], [1.0]])
>>> total = gmmx.e_step(X[:2], mixture) + gmmx.e_step(X[2:], mixture)
>>> total.counts
array([2., 2.])
>>> gmmx.m_step(total, "diag").means.ravel()
array([0.5, 9.5])
)")
      .def_property_readonly("n_components", [](const S& s) { return s.n_components; })
      .def_property_readonly("n_features", [](const S& s) { return s.n_features; })
      .def_property_readonly("second_moment_form", [](const S& s) { return to_string(s.form); })
      .def_property_readonly("shifts",
                             [](const py::object& self) {
                               const S& s = as_statistics(self);
                               return read_only(s.shifts, {s.n_components, s.n_features}, self);
                             })
      .def_property_readonly("counts",
                             [](const py::object& self) {
                               return read_only(as_statistics(self).counts, {as_statistics(self).n_components}, self);
                             })
      .def_property_readonly("first_moments",
                             [](const py::object& self) {
                               const S& s = as_statistics(self);
                               return read_only(s.first_moments, {s.n_components, s.n_features}, self);
                             })
      .def_property_readonly("second_moments",
                             [](const py::object& self) {
                               const S& s = as_statistics(self);
                               return read_only(s.second_moments, shape_of_second_moments(s), self);
                             })
      .def_property_readonly("log_likelihood", [](const S& s) { return s.log_likelihood; })
      .def_property_readonly("n_samples", [](const S& s) { return s.n_samples; })
      .def_property_readonly("total_weight", [](const S& s) { return s.total_weight; })
      .def_property_readonly("empty_components", &S::empty_components)
      .def(
          "__add__", [](const S& a, const S& b) { return a + b; }, py::is_operator())
      .def(
          "__radd__",
          [](const S& s, int zero) {
            if (zero != 0)
              throw py::type_error("statistics can be added to statistics, and to the 0 that sum() begins with");
            return s;
          },
          py::is_operator())
      .def("__repr__",
           [](const S& s) {
             return "SufficientStatistics(n_components=" + std::to_string(s.n_components) +
                    ", n_features=" + std::to_string(s.n_features) + ", second_moment_form='" + to_string(s.form) +
                    "', n_samples=" + std::to_string(s.n_samples) + ")";
           })
      .def(
          "to_bytes", [](const S& s) { return py::bytes(s.to_bytes()); },
          "A self-contained, versioned form for files and wires.")
      .def_static(
          "from_bytes", [](const py::bytes& data) { return S::from_bytes(std::string(data)); }, py::arg("data"),
          "The statistics that to_bytes() wrote. Raises ValueError for anything else.")
      .def_static(
          "from_responsibilities",
          [](const py::object& rows, const py::object& responsibilities, const std::string& covariance_type,
             const Weights& sample_weight, std::optional<NearestInt> n_jobs) {
            SufficientStatistics result =
                from_responsibilities(as_floating_array(rows), as_floating_array(responsibilities), covariance_type,
                                      sample_weight, n_jobs ? thread_count(*n_jobs) : thread_count());
            check_finite(result);
            return result;
          },
          py::arg("X"), py::arg("responsibilities"), py::arg("covariance_type") = "full",
          py::arg("sample_weight") = py::none(), py::arg("n_jobs") = py::none(),
          R"(Statistics of rows whose responsibilities are given.

Parameters
----------
X : array-like of shape (n_samples, n_features)
    float32 is computed in float32, everything else in float64.
responsibilities : array-like of shape (n_samples, n_components)
    Not negative.
covariance_type : str
    Decides which second moments are kept; 'full' serves every type.
sample_weight : array-like of shape (n_samples,), optional
n_jobs : int, optional

Raises
------
ValueError
    Where shapes disagree, responsibilities or weights are negative, or a number is not finite.

Examples
--------
>>> import numpy as np, gmmx
>>> X = np.array([[0.0], [2.0], [9.0]])
>>> gmmx.SufficientStatistics.from_responsibilities(X, np.array([[1.0, 0], [1, 0], [0, 1]])).counts
array([2., 1.])
)")
      .def(py::pickle([](const S& s) { return py::bytes(s.to_bytes()); },
                      [](const py::bytes& data) { return S::from_bytes(std::string(data)); }));
  show_as(m, "gmmx._core");

  m.def("statistics_from_labels", &from_labels, py::arg("X"), py::arg("labels"), py::arg("n_components"),
        py::arg("covariance_type"), py::arg("sample_weight").none(true), py::arg("n_threads"));
  m.def("statistics_from_responsibilities", &from_responsibilities, py::arg("X"), py::arg("responsibilities"),
        py::arg("covariance_type"), py::arg("sample_weight").none(true), py::arg("n_threads"));
  m.def(
      "rescaled",
      [](S s, double total_weight) {
        s.rescale(total_weight);
        return s;
      },
      py::arg("statistics"), py::arg("total_weight"));
  m.def(
      "with_least_counts",
      [](S s, double least_share) {
        s.raise_counts(least_share);
        return s;
      },
      py::arg("statistics"), py::arg("least_share"));
  m.def("blend", &blend, py::arg("earlier"), py::arg("later"), py::arg("share"));
  m.def("expected_statistics", &expected_statistics, py::arg("mixture"));
}

}  // namespace gmmx::python
