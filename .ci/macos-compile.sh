#!/usr/bin/env bash
# The C++ library, its tests, its examples and the Python modules, compiled and linked for macOS on ARM64 and x86-64 by the
# clang of PyPI's package ziglang; warnings are errors. Nothing runs: that takes a Mac. Like Apple's compiler, it has no
# OpenMP. The modules see the headers of this machine's Python, and are linked without Python, as usual on macOS. They
# become dynamic libraries instead of bundles, on which zig 0.17's linker crashes.
# Usage: .ci/macos-compile.sh [arm64] [x86_64]      about 10 minutes each; both without an argument
# GMMX_INSTRUCTION_SETS=baseline compiles one Python module of the core for x86_64 instead of three.
# Needs: cmake doctest-dev file libeigen3-dev ninja-build nlohmann-json3-dev, and a Python with venv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
# shellcheck source=.ci/header_packages.sh
source .ci/header_packages.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 ZIG_GLOBAL_CACHE_DIR=$scratch/zig ZIG_LOCAL_CACHE_DIR=$scratch/zig
header_packages "$scratch/prefix"
"${PYTHON:-python3}" -m venv "$scratch/python"
"$scratch/python/bin/pip" install -q ziglang pybind11

program() { # program NAME COMMAND...: a program that runs this command of zig's, which has words of its own for x86-64
  cat >"$scratch/$1" <<END
#!/bin/sh
for option do
  shift
  case \$option in
  -mtune=generic) ;;
  -march=x86-64) set -- "\$@" -march=x86_64 ;;
  *) set -- "\$@" "\$option" ;;
  esac
done
exec "$scratch/python/bin/python" -m ziglang ${*:2} "\$@"
END
  chmod +x "$scratch/$1"
}
program ar ar
program ranlib ranlib

if [ $# -eq 0 ]; then set -- arm64 x86_64; fi
for processor in "$@"; do
  printf '\n=== %s (%d s since the start)\n' "$processor" "$SECONDS"
  program "c++-$processor" c++ -target "${processor/arm64/aarch64}-macos.13.0"
  cmake -G Ninja -S . -B "$scratch/$processor" -DCMAKE_SYSTEM_NAME=Darwin -DCMAKE_SYSTEM_PROCESSOR="$processor" \
    -DCMAKE_CXX_COMPILER="$scratch/c++-$processor" -DCMAKE_AR="$scratch/ar" -DCMAKE_RANLIB="$scratch/ranlib" \
    -DCMAKE_INSTALL_NAME_TOOL="$(command -v true)" -DCMAKE_MODULE_LINKER_FLAGS=-dynamiclib \
    -DCMAKE_FIND_FRAMEWORK=NEVER -DCMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON \
    -DCMAKE_PREFIX_PATH="$scratch/prefix" -DPython_EXECUTABLE="$scratch/python/bin/python" \
    -Dpybind11_DIR="$("$scratch/python/bin/python" -m pybind11 --cmakedir)" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE='-O1 -DNDEBUG -g0' -DCMAKE_UNITY_BUILD=ON \
    -DGMMX_BUILD_TESTS=ON -DGMMX_PYTHON=ON -DGMMX_INSTRUCTION_SETS="${GMMX_INSTRUCTION_SETS:-all}" \
    -DGMMX_WARNINGS_AS_ERRORS=ON
  cmake --build "$scratch/$processor"
  for source in cpp/examples/*.cpp cpp/examples/consumer/*.cpp; do
    "$scratch/c++-$processor" -std=c++17 -O1 -Wall -Wextra -Wpedantic -Werror -Icpp/include -DGMMX_STATIC "$source" \
      "$scratch/$processor/libgmmx.a" -o "$scratch/example"
  done
  "$scratch/c++-$processor" -std=c++17 -O1 -Wall -Wextra -Wpedantic -Werror -Icpp/include -Icpp/src -Icpp/files \
    -c cpp/fuzz/model_file_fuzzer.cpp -o "$scratch/fuzzer.o"
  file "$scratch/$processor/cpp/tests/gmmx_tests" "$scratch/$processor"/_c*.so | sed 's/.*\///'
done
