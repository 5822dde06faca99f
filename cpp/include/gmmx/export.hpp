/// \file
/// Which symbols a shared library shows. A program that links the static library has GMMX_STATIC defined; the package's
/// CMake target and pkg-config file see to it.
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
