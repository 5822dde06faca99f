// The fields of statistics are public: what depends on their sizes checks them first.
#pragma once

#include "gmmx/sufficient_statistics.hpp"

namespace gmmx {

// \throws InvalidArgument
void check_sizes(const SufficientStatistics& statistics);
// Sizes and forms must be the same. \throws InvalidArgument
void check_alike(const SufficientStatistics& a, const SufficientStatistics& b);

// (45) What rounding leaves in the count of a component without rows. Where rows have weights, rows that weigh next to
// nothing may belong to it alone, so that only what underflows is none.
double rounding_of_counts(double total_weight, double n_samples);

}  // namespace gmmx
