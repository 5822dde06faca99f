// Integers of any size for limits and counts of threads: Python's have no bounds, and sys.maxsize is a usual way to say
// "as many as it takes".
#pragma once

#include <pybind11/pybind11.h>

#include <algorithm>
#include <limits>

namespace gmmx::python {

// The nearest int.
struct NearestInt {
  NearestInt(int number = 0) : value(number) {}
  int value;
  operator int() const { return value; }
};

}  // namespace gmmx::python

namespace pybind11::detail {

template <>
class type_caster<gmmx::python::NearestInt> {
 public:
  PYBIND11_TYPE_CASTER(gmmx::python::NearestInt, const_name("int"));

  bool load(handle source, bool) {
    if (!source || PyFloat_Check(source.ptr()) || !PyIndex_Check(source.ptr())) return false;
    const auto number = reinterpret_steal<object>(PyNumber_Index(source.ptr()));
    if (!number) throw error_already_set();
    int overflow = 0;
    const long long wide = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
    constexpr long long least = std::numeric_limits<int>::min(), most = std::numeric_limits<int>::max();
    value.value = static_cast<int>(overflow < 0 ? least : overflow > 0 ? most : std::clamp(wide, least, most));
    return true;
  }
};

}  // namespace pybind11::detail
