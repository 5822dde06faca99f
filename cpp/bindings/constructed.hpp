// Python can make an object without a value: by T.__new__(T), or by a pickle that ends before the state. pybind11 would
// hand out memory that nobody has written. Here such an object is refused wherever it is used.
// Every binding file includes this before it binds a function that takes one of these types.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "gmmx/em.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/sufficient_statistics.hpp"

namespace gmmx::python {
struct KMeansArrays;
}

namespace pybind11::detail {

template <class T>
class constructed_caster : public type_caster_base<T> {
 public:
  bool load(handle source, bool convert) {
    if (is_without_value(source)) {
      const std::string type = str(type::handle_of(source).attr("__name__")).template cast<std::string>();
      throw type_error("this " + type + " has no value, because it was made by " + type +
                       ".__new__ or by an incomplete pickle; make it by a function or constructor of gmmx, or from a "
                       "complete pickle");
    }
    return type_caster_base<T>::load(source, convert);
  }

 private:
  bool is_without_value(handle source) const {
    const type_info* const bound = this->typeinfo;
    if (!source || bound == nullptr || !PyObject_TypeCheck(source.ptr(), bound->type)) return false;
    return reinterpret_cast<instance*>(source.ptr())->get_value_and_holder(bound).value_ptr() == nullptr;
  }
};

template <>
class type_caster<gmmx::Mixture> : public constructed_caster<gmmx::Mixture> {};
template <>
class type_caster<gmmx::SufficientStatistics> : public constructed_caster<gmmx::SufficientStatistics> {};
template <>
class type_caster<gmmx::EMResult> : public constructed_caster<gmmx::EMResult> {};
template <>
class type_caster<gmmx::python::KMeansArrays> : public constructed_caster<gmmx::python::KMeansArrays> {};

}  // namespace pybind11::detail
