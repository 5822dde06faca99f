// A check of the tests: Eigen allocates nothing in the loop over rows.
#pragma once

#include "simd.hpp"

namespace gmmx {

// In builds that check it: while it lives, an allocation by Eigen fails an assertion. Eigen's switch is one for all
// threads.
class NoAllocation {
 public:
  explicit NoAllocation(bool applies) : applies_(applies) {
    if (applies_) let_eigen_allocate(false);
  }
  ~NoAllocation() {
    if (applies_) let_eigen_allocate(true);
  }
  NoAllocation(const NoAllocation&) = delete;
  NoAllocation& operator=(const NoAllocation&) = delete;

 private:
  bool applies_;
};

}  // namespace gmmx
