// The E-step as the loop of EM calls it: also tells how it computed.
#pragma once

#include <string>
#include <vector>

#include "gmmx/em.hpp"

namespace gmmx {

struct EStep {
  SufficientStatistics statistics;
  std::string
      kernel;  // the log-density kernels that ran, "features+triangular" where blocks of rows took different ones
};

template <class T>
EStep run_e_step(MatrixView<const T> rows, const Mixture& mixture, VectorView<const double> sample_weight,
                 int n_threads);

// The same of several mixtures of one type and shape, in one pass if there are several. The type's mixtures can be
// stacked.
template <class T>
std::vector<EStep> run_e_steps(MatrixView<const T> rows, const std::vector<const Mixture*>& mixtures,
                               VectorView<const double> sample_weight, int n_threads);

}  // namespace gmmx
