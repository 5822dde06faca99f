/// \file
/// The version. CMake and the Python package read the three numbers from this file.
#pragma once

#include "gmmx/export.hpp"

#define GMMX_VERSION_MAJOR 0  ///< increases when existing code may break
#define GMMX_VERSION_MINOR 1  ///< increases with new features
#define GMMX_VERSION_PATCH 0  ///< increases with corrections

#define GMMX_STRINGIZE_TOKENS(x) #x
#define GMMX_STRINGIZE(x) GMMX_STRINGIZE_TOKENS(x)

/// The version as text, "major.minor.patch".
#define GMMX_VERSION                 \
  GMMX_STRINGIZE(GMMX_VERSION_MAJOR) \
  "." GMMX_STRINGIZE(GMMX_VERSION_MINOR) "." GMMX_STRINGIZE(GMMX_VERSION_PATCH)

// Code compiled with these headers links only with a library of the same major and minor version, because it needs a
// symbol whose name contains them.
#if defined(_MSC_VER)
#pragma detect_mismatch("gmmx_abi", GMMX_STRINGIZE(GMMX_VERSION_MAJOR) "." GMMX_STRINGIZE(GMMX_VERSION_MINOR))
#else
#define GMMX_ABI_NAME_OF(major, minor) needs_gmmx_##major##_##minor
#define GMMX_ABI_NAME(major, minor) GMMX_ABI_NAME_OF(major, minor)
namespace gmmx::abi {
extern GMMX_EXPORT const char GMMX_ABI_NAME(GMMX_VERSION_MAJOR, GMMX_VERSION_MINOR);
[[gnu::used]] static const char* const asked = &GMMX_ABI_NAME(GMMX_VERSION_MAJOR, GMMX_VERSION_MINOR);
}  // namespace gmmx::abi
#endif
