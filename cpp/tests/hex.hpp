// Bytes that tests write down.
#pragma once

#include <cstddef>
#include <string>

namespace gmmx::testing {

// Two hexadecimal digits a byte; spaces are ignored.
inline std::string from_hex(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ') digits.push_back(c);
  }
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace gmmx::testing
