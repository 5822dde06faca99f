// What a pass tells of the kernels that it used.
#include "kernel_names.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace gmmx;

TEST_CASE("names of kernels are kept once, in alphabetical order") {
  KernelNames names;
  CHECK(names.joined().empty());
  for (const std::string_view name : {"squares", "features", "squares", "low-dim", "features"}) names.add(name);
  CHECK(names.joined() == "features+low-dim+squares");

  KernelNames others = std::string_view("monomials");
  others.add_all(names);
  CHECK(others.joined() == "features+low-dim+monomials+squares");
  CHECK(names.joined() == "features+low-dim+squares");

  names.clear();
  CHECK(names.joined().empty());
}
