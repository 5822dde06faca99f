// Integers as bytes, the least significant first, whatever the machine.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gmmx {

template <class Bits>
void put_bits(std::string& out, Bits bits) {
  for (std::size_t i = 0; i < sizeof(Bits); ++i) out.push_back(static_cast<char>((bits >> (8 * i)) & 0xffU));
}

// The bytes from `at` on must be there.
template <class Bits>
Bits bits_at(std::string_view bytes, std::size_t at) {
  Bits bits = 0;
  for (std::size_t i = 0; i < sizeof(Bits); ++i) bits |= Bits{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return bits;
}

}  // namespace gmmx
