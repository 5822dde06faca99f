#include "arrays.hpp"
#include "gmmx/sample.hpp"
#include "registrations.hpp"

namespace gmmx::python {

void register_sample(py::module_& m) {
  m.def(
      "sample",
      [](const Mixture& mixture, Index n_samples, std::uint64_t seed, NearestInt n_threads) {
        if (n_samples < 0) throw InvalidArgument("n_samples must not be negative, but is " + std::to_string(n_samples));
        py::array_t<double> rows({n_samples, mixture.n_features()});
        py::array_t<std::int64_t> labels(n_samples);
        const MatrixView<double> out = output_matrix(rows);
        const VectorView<std::int64_t> out_labels = output_vector(labels);
        {
          const GilReleased unlocked;
          sample(mixture, seed, out, out_labels, n_threads);
        }
        return py::make_tuple(rows, labels);
      },
      py::arg("mixture"), py::arg("n_samples"), py::arg("seed"), py::arg("n_threads"));
}

}  // namespace gmmx::python
