#!/usr/bin/env bash
# The C++ tests with other compilers, standards and libraries, without OpenMP, and without vectors. No warning passes.
# Usage: .ci/variants.sh [VARIANT...]      about 5 minutes each; without an argument: serial scalar clang-20 clang-23 libc++
# Needs: clang cmake doctest-dev g++ libc++-dev libc++abi-dev libeigen3-dev libomp-dev ninja-build nlohmann-json3-dev
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

declare -A options=(
  [serial]='-DCMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON'
  [scalar]='-DCMAKE_CXX_FLAGS=-DEIGEN_DONT_VECTORIZE'
  [clang-20]='-DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_STANDARD=20'
  [clang-23]='-DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_STANDARD=23'
  [libc++]='-DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_FLAGS=-stdlib=libc++'
)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export OMP_WAIT_POLICY=passive
if [ $# -eq 0 ]; then set -- serial scalar clang-20 clang-23 libc++; fi
for variant in "$@"; do
  printf '\n=== %s (%d s since the start)\n' "$variant" "$SECONDS"
  # shellcheck disable=SC2086
  cmake -G Ninja -S . -B "$scratch/build" ${options[$variant]:?is one of ${!options[*]}} -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE='-O1 -DNDEBUG' -DCMAKE_UNITY_BUILD=ON -DGMMX_BUILD_TESTS=ON -DGMMX_WARNINGS_AS_ERRORS=ON
  cmake --build "$scratch/build" --target gmmx_tests
  "$scratch/build/cpp/tests/gmmx_tests"
  rm -rf "$scratch/build"
done
