// Mixtures of the same shape side by side as one, so that one pass over the rows serves them all.
#pragma once

#include <vector>

#include "gmmx/mixture.hpp"
#include "gmmx/sufficient_statistics.hpp"

namespace gmmx {

// Whether mixtures of this type can be stacked: no covariance is shared between components.
bool can_be_stacked(CovarianceType type);

// All components in one mixture, their weights divided by the number of mixtures.
Mixture stack(const std::vector<const Mixture*>& mixtures);

// What the statistics of a stack hold of its i-th mixture, but the log-likelihood.
SufficientStatistics part_of(const SufficientStatistics& stacked, std::size_t i, const Mixture& mixture);

}  // namespace gmmx
