/// \file
/// Symbol visibility of a shared library. Programs that link the static library need GMMX_STATIC, which the CMake
/// target and the pkg-config file define.
#pragma once

#if defined(GMMX_STATIC)
#define GMMX_EXPORT
#elif defined(_WIN32) && defined(gmmx_EXPORTS)
#define GMMX_EXPORT __declspec(dllexport)
#elif defined(_WIN32)
#define GMMX_EXPORT __declspec(dllimport)
#else
#define GMMX_EXPORT __attribute__((visibility("default")))
#endif
