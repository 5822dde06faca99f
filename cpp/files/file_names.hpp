// Names of files: in UTF-8 for messages, in what the system takes for opening. On Windows path::string() is in the code
// page of the user, which has no letters of most other languages.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

namespace gmmx {

inline std::string utf8_name(const std::filesystem::path& path) {
  const auto name = path.u8string();  // of char8_t from C++20 on
  return {name.begin(), name.end()};
}

#ifdef _WIN32
inline std::FILE* open_file(const std::filesystem::path& path, const wchar_t* mode) {
  return _wfopen(path.c_str(), mode);
}
#endif

}  // namespace gmmx
