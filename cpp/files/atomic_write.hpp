// Files that are written whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace gmmx {

// The bytes go into a temporary file beside `path`, which then takes its place and outlasts a power cut. If anything
// fails, the temporary file goes and what stood at `path` stays as it was. A symbolic link is followed. The new file
// has mode, owner and group of the one that it replaces. \throws FileError where the folder does not exist or cannot be
// written to, a folder, device or pipe is there, or a file that is read-only or whose owner cannot be kept
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace gmmx
