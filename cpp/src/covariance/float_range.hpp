// Mixtures whose rows float cannot hold: in float they lose what matters, in double they do not.
#pragma once

#include "gmmx/mixture.hpp"

namespace gmmx {

// Whether squares of deviations leave the range of float.
bool is_beyond_range_of_float(const Mixture& mixture);

// Whether they do, or a feature varies so little given the others that products rounded to float say too little of it.
bool is_beyond_float(const Mixture& mixture);

}  // namespace gmmx
