// Random numbers by their places in a sequence: any of them can be computed on its own, by any thread.
#pragma once

#include <cstdint>

#include "gmmx/views.hpp"

namespace gmmx {

// The integers of splitmix64 (Steele, Lea & Flood 2014), which no compiler and no byte order changes. Normal numbers
// differ by rounding between instruction sets.
class RandomSequence {
 public:
  // Each stream of a seed is a sequence of its own.
  RandomSequence(std::uint64_t seed, std::uint64_t stream);

  // out[i], in [0, 1): the number at place first + i.
  void uniform(std::uint64_t first, Index n, double* out) const;

  // one[i] and other[i]: standard normal numbers from those at places first + i step and the next, by the
  // transformation of Box & Muller (1958).
  void normal_pairs(std::uint64_t first, std::uint64_t step, Index n, double* one, double* other) const;

 private:
  std::uint64_t begin_;
};

}  // namespace gmmx
