// One start of EM, between its passes over the rows: what point the next one is for, and what its statistics lead to.
#pragma once

#include <optional>
#include <utility>

#include "em/acceleration.hpp"
#include "gmmx/em.hpp"

namespace gmmx {

class Iteration {
 public:
  // The M-step must live as long.
  Iteration(const Mixture& start, const MStep& m_step, const EMOptions& options);

  bool should_continue() const { return n_passes() < options_.max_iter && !result_.converged && !result_.stopped; }
  // Where the next pass is to compute statistics.
  const Mixture& next_point() const { return jump_ ? *jump_ : result_.mixture; }
  // Takes that pass. It is repeated in double if sums in float are not good enough for the mixture that they lead to.
  // \throws CollapsedComponent, and the run is where it was
  void update(EStepResult pass, EStep& e_step);

  int n_passes() const { return static_cast<int>(result_.mean_log_likelihoods.size()); }
  EMResult result() && { return std::move(result_); }

 private:
  // Whether EM gains no more: less than the tolerance, or nothing that rounding does not hide.
  bool has_come_to_rest(const IterationSummary& summary, bool in_float) const;

  const MStep& m_step_;
  EMOptions options_;
  EMResult result_;
  Accelerator accelerator_;
  std::optional<Mixture> jump_;  // taken instead of the last M-step's mixture
  double previous_;              // mean objective
};

}  // namespace gmmx
