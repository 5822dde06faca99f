#include <pybind11/stl.h>

#include <cmath>

#include "arrays.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "gmmx/threads.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace {

const SufficientStatistics& as_statistics(const py::object& self) { return self.cast<const SufficientStatistics&>(); }

SecondMoments form_for(const std::string& covariance_type) {
  return second_moment_form(covariance_type_from_string(covariance_type));
}

SufficientStatistics from_labels(const py::array& X, const Contiguous<std::int32_t>& labels, Index n_components,
                                 const std::string& covariance_type, const Weights& sample_weight,
                                 NearestInt n_threads) {
  const SecondMoments form = form_for(covariance_type);
  check_ndim(labels, 1, "labels");
  if (n_components < 1)
    throw InvalidArgument("n_components must be at least 1, but is " + std::to_string(n_components));
  return with_weighted_rows(X, sample_weight, [&](const auto& rows) {
    const GilReleased unlocked;
    return statistics_from_labels(rows, VectorView<const std::int32_t>(labels.data(), labels.size()), n_components,
                                  form, n_threads);
  });
}

template <class T>
SufficientStatistics from_responsibilities_of(const Rows<T>& rows, const py::array& responsibilities,
                                              SecondMoments form, NearestInt n_threads) {
  const Contiguous<T> held(responsibilities);
  check_ndim(held, 2, "responsibilities");
  const MatrixView<const T> view(held.data(), held.shape(0), held.shape(1));
  const GilReleased unlocked;
  return statistics_from_responsibilities(rows, view, form, n_threads);
}

SufficientStatistics from_responsibilities(const py::array& X, const py::array& responsibilities,
                                           const std::string& covariance_type, const Weights& sample_weight,
                                           NearestInt n_threads) {
  const SecondMoments form = form_for(covariance_type);
  return with_weighted_rows(X, sample_weight, [&](const auto& rows) {
    return from_responsibilities_of(rows, responsibilities, form, n_threads);
  });
}

// Python's entry point accepts anything that NumPy can convert to an array; types other than floating become float64.
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
  py::class_<S>(m, "SufficientStatistics", py::is_final(), R"(Summary of rows for an M-step, which adds up over rows.

Statistics are computed by :func:`gmmx.e_step` or :meth:`from_responsibilities`. Those of parts add up to those of all
rows, so the parts may come from blocks, threads, files or machines. Adding statistics of different mixtures raises a
ValueError.

Attributes
----------
counts : (n_components,)
    N_k, the sums of the weighted responsibilities.
shifts : (n_components, n_features)
    Points about which moments are taken: the means of the mixture, or of a given assignment.
first_moments : (n_components, n_features)
    Weighted sums of the rows minus the shifts.
second_moments : array
    Weighted sums of outer products, in the smallest form for the covariance type: 'full' (K, d, d), 'pooled' (d, d),
    'diagonal' (K, d) or 'trace' (K,).
log_likelihood : float
    Log-likelihood of the rows under the mixture of the E-step.
n_samples : int
    Number of rows with positive weight.
total_weight : float
    Sum of the weights.
empty_components : list of int
    Components whose weight is at most a rounding error.

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
                               return read_only(s.second_moments,
                                                second_moment_shape(s.form, s.n_components, s.n_features), self);
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
          "Serialise to a self-contained, versioned format for files and networks.")
      .def_static(
          "from_bytes", [](const py::bytes& data) { return S::from_bytes(std::string(data)); }, py::arg("data"),
          "Read statistics written by to_bytes(). Raises ValueError for anything else.")
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
          R"(Compute the statistics of rows with given responsibilities.

Parameters
----------
X : array-like of shape (n_samples, n_features)
    Rows. float32 is computed in float32, all other types in float64.
responsibilities : array-like of shape (n_samples, n_components)
    Nonnegative responsibilities.
covariance_type : str, default='full'
    Covariance type that determines the form of the second moments; 'full' suits every type.
sample_weight : array-like of shape (n_samples,), optional
    Nonnegative weights of the rows. None gives every row the weight 1.
n_jobs : int, optional
    Number of threads. None uses OMP_NUM_THREADS or the number of physical cores.

Raises
------
ValueError
    If shapes disagree, responsibilities or weights are negative, or a number is not finite.

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
