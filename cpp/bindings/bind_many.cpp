#include <pybind11/stl.h>

#include <limits>

#include "arrays.hpp"
#include "em_arguments.hpp"
#include "gmmx/many.hpp"
#include "registrations.hpp"

namespace gmmx::python {

namespace {

// Views of many arrays, which it keeps alive.
class ManyRows {
 public:
  ManyRows(const py::list& arrays, const std::optional<py::list>& sample_weights) {
    if (sample_weights && sample_weights->size() != arrays.size())
      throw InvalidArgument("there are " + std::to_string(sample_weights->size()) + " arrays of weights for " +
                            std::to_string(arrays.size()) + " of rows; give one for each");
    views_.reserve(arrays.size());
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      Weights weights;
      if (sample_weights) weights = (*sample_weights)[i].cast<Weights>();
      const auto array = arrays[i].cast<py::array>();
      check_ndim(array, 2, "X");
      if (py::isinstance<py::array_t<double>>(array)) {
        add<double>(array, std::move(weights));
      } else if (py::isinstance<py::array_t<float>>(array)) {
        add<float>(array, std::move(weights));
      } else {
        throw py::type_error("arrays must be of float64 or float32");
      }
    }
  }

  const std::vector<AnyRows>& views() const { return views_; }

 private:
  template <class T>
  void add(const py::array& array, Weights weights) {
    held_.push_back(viewable_array<T>(array));
    const MatrixView<const T> x = matrix_view<T>(held_.back());
    views_.emplace_back(Rows<T>(x, vector_view(weights, "sample_weight")));
    if (weights) held_.push_back(std::move(*weights));
  }

  std::vector<py::array> held_;
  std::vector<AnyRows> views_;
};

// The result of EM for each data set, or None, and the log-likelihoods.
py::tuple sound_fits_of(const py::list& arrays, const std::optional<py::list>& sample_weights, Index n_components,
                        const std::string& covariance_type, Index n_init, const Contiguous<double>& uniforms,
                        double tol, double reg_covar, NearestInt max_iter, NearestInt n_threads,
                        bool dependent_columns_matter, const std::optional<std::string>& acceleration,
                        const Prior& prior) {
  ManyFits fits;
  fits.n_components = n_components;
  fits.covariance = covariance_type_from_string(covariance_type);
  fits.n_init = n_init;
  fits.em = options_of(tol, max_iter, acceleration);
  fits.likelihood = likelihood_of(reg_covar, prior, fits.em, 1);
  fits.dependent_columns_matter = dependent_columns_matter;
  check_ndim(uniforms, 2, "uniforms");
  const auto draws = matrix_view<double>(uniforms);
  const ManyRows rows(arrays, sample_weights);
  std::vector<std::optional<SoundFit>> found;
  {
    const GilReleased unlocked;
    found = sound_fits(rows.views(), fits, draws, n_threads);
  }
  py::list results(found.size());
  std::vector<double> log_likelihoods(found.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) {
      log_likelihoods[i] = found[i]->log_likelihood;
      results[i] = py::cast(std::move(found[i]->result));
    } else {
      results[i] = py::none();
    }
  }
  return py::make_tuple(results, take(std::move(log_likelihoods), {static_cast<Index>(found.size())}));
}

}  // namespace

void register_many(py::module_& m) {
  m.def("sound_fits", &sound_fits_of, py::arg("arrays"), py::arg("sample_weights").none(true), py::arg("n_components"),
        py::arg("covariance_type"), py::arg("n_init"), py::arg("uniforms"), py::kw_only(), py::arg("tol"),
        py::arg("reg_covar"), py::arg("max_iter"), py::arg("n_threads"), py::arg("dependent_columns_matter"),
        py::arg("acceleration") = py::none(), py::arg("prior") = py::none());
}

}  // namespace gmmx::python
