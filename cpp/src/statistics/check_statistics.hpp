// The fields of statistics are public: what depends on their sizes checks them first.
#pragma once

#include "gmmx/sufficient_statistics.hpp"

namespace gmmx {

// \throws InvalidArgument
void check_sizes(const SufficientStatistics& statistics);
// Sizes and forms must be the same. \throws InvalidArgument
void check_alike(const SufficientStatistics& a, const SufficientStatistics& b);

}  // namespace gmmx
