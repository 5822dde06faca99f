// Files that are written whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace gmmx {

// The bytes go into a temporary file beside `path`, which then takes its place and outlasts a power cut. If anything
// fails, the temporary file goes and what stood at `path` stays as it was. A symbolic link is followed.
// \throws FileError where the folder does not exist or cannot be written to, or a folder, device or pipe is there
void replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace gmmx
