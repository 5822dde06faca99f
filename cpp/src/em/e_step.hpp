// The E-step as the loop of EM calls it: passes over the same rows at one mixture after another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gmmx/em.hpp"

namespace gmmx {

struct EStep {
  SufficientStatistics statistics;  // without a fingerprint: the loop knows what they are of
  // The log-density kernels that ran, "features+cholesky-full" where blocks of rows took different ones.
  std::string kernel;
  bool in_float = false;  // computed in float: in double, it may be had more exactly
};

// Keeps the memory of a pass for the next one: for small data, taking it anew costs as much as the pass.
template <class T>
class Passes {
 public:
  // \throws InvalidArgument, as e_step() does
  Passes(MatrixView<const T> rows, VectorView<const double> sample_weight, int n_threads);
  ~Passes();
  Passes(const Passes&) = delete;
  Passes& operator=(const Passes&) = delete;

  EStep at(const Mixture& mixture);
  EStep in_double_at(const Mixture& mixture);
  // At several mixtures of one type and shape, in one pass if there are several. The type's mixtures can be stacked.
  std::vector<EStep> at(const std::vector<const Mixture*>& mixtures);

 private:
  struct Sums;
  struct Memory;

  static EStep of_one(Sums sums);
  Sums pass_over(const Mixture& stack, std::size_t n_mixtures);
  // Computed in C, T or double.
  template <class C>
  Sums pass_in(const Mixture& stack, std::size_t n_mixtures);

  MatrixView<const T> rows_;
  VectorView<const double> sample_weight_;
  int n_threads_;
  std::unique_ptr<Memory> memory_;
};

}  // namespace gmmx
