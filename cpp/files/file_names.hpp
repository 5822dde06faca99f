// Names of files in messages.
#pragma once

#include <filesystem>
#include <string>

namespace gmmx {

// In UTF-8 on every system: path::string() is in the user's code page on Windows, which lacks most languages' letters.
inline std::string utf8_name(const std::filesystem::path& path) {
  const auto name = path.u8string();  // of char8_t from C++20 on
  return {name.begin(), name.end()};
}

}  // namespace gmmx
