#include "density/exponential.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace gmmx;

namespace {

template <class T>
double worst_error(double least) {
  double worst = 0;
  for (double x = 1e-8; x < least; x *= 1.0003) {
    const T argument = static_cast<T>(-x);
    const long double exact = std::exp(static_cast<long double>(argument));
    const auto got = static_cast<long double>(exponential(argument));
    worst = std::max(worst, static_cast<double>(std::abs(got / exact - 1)));
  }
  return worst / static_cast<double>(std::numeric_limits<T>::epsilon());
}

}  // namespace

TEST_CASE("exponentials are within a unit in the last place, zero where the result would not be a normal number") {
  CHECK(worst_error<double>(708) <= 1.0);
  CHECK(worst_error<float>(87) <= 1.0);
  CHECK(exponential(0.0) == 1.0);
  CHECK(exponential(0.0F) == 1.0F);
  CHECK(exponential(-709.0) == 0.0);
  CHECK(exponential(-88.0F) == 0.0F);
  CHECK(exponential(-std::numeric_limits<double>::infinity()) == 0.0);
  CHECK(exponential(-std::numeric_limits<float>::infinity()) == 0.0F);
}
