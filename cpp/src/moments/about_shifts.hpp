// Moments that are added up about the shifts from the first row on: exact wherever the data lie.
#pragma once

#include <memory>

#include "moments/moments.hpp"

namespace gmmx {

// Counts, first and second moments about the shifts (46), of the latter what the form keeps (50).
template <class T>
std::unique_ptr<Moments<T>> make_exact_moments(SecondMomentForm form, const RowVector<T>& origin,
                                               ConstMatrixMap shifts);

}  // namespace gmmx
