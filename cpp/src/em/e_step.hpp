// The E-step over rows in memory, as restarts call it: passes at one mixture after another, or at several at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gmmx/em.hpp"
#include "gmmx/rows.hpp"

namespace gmmx {

// Keeps the memory of a pass for the next one.
template <class T>
class EStepPass {
 public:
  // \throws InvalidArgument, as e_step() does
  EStepPass(const Rows<T>& rows, int n_threads);
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

  Rows<T> rows_;
  int n_threads_;
  std::unique_ptr<Memory> memory_;
};

}  // namespace gmmx
