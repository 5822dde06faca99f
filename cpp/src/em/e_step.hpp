// The E-step over rows in memory, as restarts call it: passes at one mixture after another, or at several at a time.
#pragma once

#include <memory>
#include <vector>

#include "gmmx/em.hpp"

namespace gmmx {

// Whether mixtures of this type can be batched: no covariance is shared between components.
bool can_be_batched(CovarianceType type);

class BatchedEStep : public EStep {
 public:
  using EStep::operator();
  // At several mixtures of one type and shape, in one pass if there are several. The type's mixtures can be batched.
  virtual std::vector<EStepResult> operator()(const std::vector<const Mixture*>& mixtures) = 0;
};

// Keeps the memory of a pass for the next one. \throws InvalidArgument, as e_step() does
template <class T>
std::unique_ptr<BatchedEStep> batched_e_step_over(const Rows<T>& rows, int n_threads);

}  // namespace gmmx
