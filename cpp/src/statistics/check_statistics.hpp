// The fields of statistics are public: what depends on their sizes checks them first.
#pragma once

#include "gmmx/sufficient_statistics.hpp"

namespace gmmx {

// \throws InvalidArgument
void check_sizes(const SufficientStatistics& statistics);

}  // namespace gmmx
