// Enumerators that callers hand in: the language lets any number pass for one.
#pragma once

#include <cstddef>
#include <string>

#include "gmmx/errors.hpp"

namespace gmmx {

// The place of an enumerator among `count` that are numbered from 0. \param type its name, for the message
template <class Enum>
std::size_t place_of(Enum value, std::size_t count, const char* type) {
  const auto number = static_cast<long long>(value);
  if (number >= 0 && static_cast<unsigned long long>(number) < count) return static_cast<std::size_t>(number);
  throw InvalidArgument(std::string(type) + " is the number " + std::to_string(number) +
                        ", which is not an enumerator; the enumerators are numbered from 0 to " +
                        std::to_string(count - 1) + "; write one of them by its name");
}

}  // namespace gmmx
