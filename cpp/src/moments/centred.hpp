// Moments that are added up about the shifts, from rows as they were given: no digit is lost to how far the data lie
// from zero, or components from one another.
#pragma once

#include <memory>

#include "moments/moments.hpp"

namespace gmmx {

// Counts, first and second moments about the shifts as T holds them (46), of the second ones what the form keeps (50).
template <class T>
std::unique_ptr<Moments<T>> make_centred_moments(SecondMoments form, ConstMatrixMap shifts);

}  // namespace gmmx
