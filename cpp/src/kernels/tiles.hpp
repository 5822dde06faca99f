// How results are shared out to tiles of registers.
#pragma once

#include <type_traits>

#include "gmmx/views.hpp"
#include "simd.hpp"

namespace gmmx {

// The widest tile where n results are shared evenly among tiles of at most `most`.
inline Index even_share(Index n, Index most) {
  const Index tiles = (n + most - 1) / most;
  return (n + tiles - 1) / tiles;
}

// call(first, width) for as few tiles of at most `most` results as n can be shared out to, evenly.
template <class Call>
void for_even_shares(Index n, Index most, const Call& call) {
  const Index tiles = (n + most - 1) / most;
  for (Index t = 0; t < tiles; ++t) call(n * t / tiles, n * (t + 1) / tiles - n * t / tiles);
}

// call(Many as a constant, at) for as many tiles of Many units of `size` as n has, then for single ones.
template <int Many, class Call>
EIGEN_ALWAYS_INLINE void for_tiles_of(Index n, Index size, const Call& call) {
  Index at = 0;
  for (; at + Many * size <= n; at += Many * size) call(std::integral_constant<int, Many>(), at);
  for (; at < n; at += size) call(std::integral_constant<int, 1>(), at);
}

// call(width as a constant), for 1 <= width <= Most.
template <int Most, int Width = 1, class Call>
void with_width(Index width, const Call& call) {
  if constexpr (Width < Most) {
    if (width > Width) return with_width<Most, Width + 1>(width, call);
  }
  call(std::integral_constant<int, Width>());
}

}  // namespace gmmx
