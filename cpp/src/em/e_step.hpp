// The E-step as the loop of EM calls it: passes over the same rows at one mixture after another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gmmx/em.hpp"

namespace gmmx {

struct EStepResult {
  SufficientStatistics statistics;  // without a fingerprint: the loop knows what they are of
  // The log-density kernels that ran, "features+cholesky-full" where blocks of rows took different ones.
  std::string kernel;
  std::string moment_kernel;  // likewise, what added up moments
  bool in_float = false;      // computed in float: in double, it may be had more exactly
};

// Keeps the memory of a pass for the next one: for small data, taking it anew costs as much as the pass.
template <class T>
class EStepPass {
 public:
  // \throws InvalidArgument, as e_step() does
  EStepPass(MatrixView<const T> rows, VectorView<const double> sample_weight, int n_threads);
  ~EStepPass();
  EStepPass(const EStepPass&) = delete;
  EStepPass& operator=(const EStepPass&) = delete;

  EStepResult operator()(const Mixture& mixture);
  EStepResult in_double(const Mixture& mixture);
  // At several mixtures of one type and shape, in one pass if there are several. The type's mixtures can be batched.
  std::vector<EStepResult> operator()(const std::vector<const Mixture*>& mixtures);

 private:
  struct Sums;
  struct Memory;

  static EStepResult of_one(Sums sums);
  Sums pass_over(const Mixture& batch, std::size_t n_mixtures);
  // Computed in C, T or double.
  template <class C>
  Sums pass_in(const Mixture& batch, std::size_t n_mixtures);

  MatrixView<const T> rows_;
  VectorView<const double> sample_weight_;
  int n_threads_;
  std::unique_ptr<Memory> memory_;
};

}  // namespace gmmx
