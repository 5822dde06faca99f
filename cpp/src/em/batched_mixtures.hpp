// Mixtures of one type and shape side by side as one, so that one pass over the rows serves all of them.
#pragma once

#include <vector>

#include "gmmx/mixture.hpp"
#include "gmmx/sufficient_statistics.hpp"

namespace gmmx {

// Whether mixtures of this type can be batched: no covariance is shared between components.
bool can_be_batched(CovarianceType type);

// All components in one mixture, their weights divided by the number of mixtures.
Mixture batch(const std::vector<const Mixture*>& mixtures);

// What the statistics of a batch hold of its i-th mixture, but the log-likelihood.
SufficientStatistics part_of(const SufficientStatistics& batched, std::size_t i, const Mixture& mixture);

}  // namespace gmmx
