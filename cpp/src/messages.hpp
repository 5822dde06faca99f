// Numbers in messages.
#pragma once

#include <cstdio>
#include <string>

namespace gmmx {

// As short as it is told apart: 1e-300 is not 0.
inline std::string text_of(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", number);
  return text;
}

}  // namespace gmmx
