// Between NumPy arrays and the library's views. Arrays of any stride are viewed in place.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "constructed.hpp"
#include "gil.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/rows.hpp"
#include "integers.hpp"

namespace gmmx::python {

namespace py = pybind11;

// Element strides are only possible where the elements are aligned and lie whole elements apart.
template <class T>
bool viewable(const py::array& array) {
  if (!(array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_)) return false;
  for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
    if (array.strides(axis) % static_cast<py::ssize_t>(sizeof(T)) != 0) return false;
  }
  return true;
}

inline std::string shape_of(const py::array& array) {
  std::string text = "(";
  for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
    text += (axis == 0 ? "" : ", ") + std::to_string(array.shape(axis));
  }
  return text + (array.ndim() == 1 ? ",)" : ")");
}

inline void check_ndim(const py::array& array, py::ssize_t ndim, const char* name) {
  if (array.ndim() == ndim) return;
  throw InvalidArgument(std::string(name) + " has shape " + shape_of(array) + ", but must have " +
                        std::to_string(ndim) + (ndim == 1 ? " dimension" : " dimensions"));
}

// The array itself where it can be viewed, else a copy in C order. Holds the reference that keeps the data alive.
template <class T>
py::array viewable_array(const py::array& array) {
  return viewable<T>(array) ? array : py::array(py::array_t<T, py::array::c_style>(array.attr("copy")()));
}

template <class T>
MatrixView<const T> matrix_view(const py::array& array) {
  constexpr auto size = static_cast<Index>(sizeof(T));
  return {static_cast<const T*>(array.data()), array.shape(0), array.shape(1), array.strides(0) / size,
          array.strides(1) / size};
}

// Calls f(view) with a view of float or double rows, as the array's dtype says.
template <class F>
auto with_rows(const py::array& array, const char* name, F&& f) {
  check_ndim(array, 2, name);
  if (array.shape(1) < 1) throw InvalidArgument(std::string(name) + " has no columns; give at least one feature");
  if (py::isinstance<py::array_t<double>>(array)) {
    const py::array held = viewable_array<double>(array);
    return f(matrix_view<double>(held));
  }
  if (py::isinstance<py::array_t<float>>(array)) {
    const py::array held = viewable_array<float>(array);
    return f(matrix_view<float>(held));
  }
  throw py::type_error(std::string(name) + " has dtype " + py::str(array.dtype()).cast<std::string>() +
                       "; convert it to float64 or float32");
}

template <class T>
using Contiguous = py::array_t<T, py::array::c_style | py::array::forcecast>;

// An optional vector; the optional keeps it alive.
template <class T>
VectorView<const T> vector_view(const std::optional<Contiguous<T>>& array, const char* name) {
  if (!array) return {};
  check_ndim(*array, 1, name);
  // An empty vector is given, not absent: its address must not be null.
  static const T nothing{};
  return {array->size() == 0 ? &nothing : array->data(), array->size(), 1};
}

using Weights = std::optional<Contiguous<double>>;

// Calls f(rows) with views of X and its weights.
template <class F>
auto with_weighted_rows(const py::array& X, const Weights& sample_weight, F&& f) {
  return with_rows(X, "X", [&](auto view) { return f(Rows(view, vector_view(sample_weight, "sample_weight"))); });
}

template <class T>
std::vector<double> to_vector(const Contiguous<T>& array) {
  return {array.data(), array.data() + array.size()};
}

// Numbers inside of a C++ object as a read-only array that keeps the object alive.
inline py::array read_only(const std::vector<double>& numbers, std::vector<Index> shape, const py::object& owner) {
  std::vector<py::ssize_t> lengths(shape.begin(), shape.end());
  py::array_t<double> array(lengths, numbers.data(), owner);
  py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return std::move(array);
}

// A vector handed over to Python without a copy.
template <class T>
py::array_t<T> take(std::vector<T> values, std::vector<Index> shape) {
  auto* owned = new std::vector<T>(std::move(values));
  const py::capsule owner(owned, [](void* p) { delete static_cast<std::vector<T>*>(p); });
  return py::array_t<T>(std::vector<py::ssize_t>(shape.begin(), shape.end()), owned->data(), owner);
}

template <class T>
MatrixView<T> output_matrix(py::array_t<T>& array) {
  return {array.mutable_data(), array.shape(0), array.shape(1)};
}

template <class T>
VectorView<T> output_vector(py::array_t<T>& array) {
  return {array.mutable_data(), array.size()};
}

}  // namespace gmmx::python
