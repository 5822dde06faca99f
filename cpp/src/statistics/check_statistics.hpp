// The fields of statistics are public: what depends on their sizes checks them first.
#pragma once

#include <string>

#include "gmmx/sufficient_statistics.hpp"

namespace gmmx {

// \throws InvalidArgument
void check_sizes(const SufficientStatistics& statistics);
// Sizes and forms must be the same. \throws InvalidArgument
void check_alike(const SufficientStatistics& a, const SufficientStatistics& b);
// What no rows can sum to, in words with what is allowed; empty where there is nothing of the kind.
std::string impossible_value(const SufficientStatistics& statistics);
// The rows of both. \throws InvalidArgument where their number has no room
std::int64_t joint_n_samples(const SufficientStatistics& a, const SufficientStatistics& b);

// (45) What rounding leaves in the count of a component without rows. Where rows have weights, rows that weigh next to
// nothing may belong to it alone, so that only what underflows is none.
double rounding_of_counts(double total_weight, double n_samples);

}  // namespace gmmx
