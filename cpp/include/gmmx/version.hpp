/// \file
/// The version, written here and nowhere else: CMake and the Python package read the three numbers from this file.
#pragma once

#define GMMX_VERSION_MAJOR 0  ///< rises when existing code may stop working
#define GMMX_VERSION_MINOR 1  ///< rises with new features
#define GMMX_VERSION_PATCH 0  ///< rises with corrections

#define GMMX_STRINGIZE_TOKENS(x) #x
#define GMMX_STRINGIZE(x) GMMX_STRINGIZE_TOKENS(x)

/// The version as text, "major.minor.patch".
#define GMMX_VERSION                 \
  GMMX_STRINGIZE(GMMX_VERSION_MAJOR) \
  "." GMMX_STRINGIZE(GMMX_VERSION_MINOR) "." GMMX_STRINGIZE(GMMX_VERSION_PATCH)
