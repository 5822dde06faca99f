// Numbers as text.
#pragma once

#include <cstdio>
#include <string>

namespace gmmx {

// Six significant digits, in the shorter notation: 1e-300 is not 0.
inline std::string text_of(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", number);
  return text;
}

}  // namespace gmmx
