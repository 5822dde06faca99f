#!/usr/bin/env bash
# The C++ tests as Windows programs: compiled by the GCC of MinGW-w64, run by Wine.
# Usage: .ci/windows.sh      about 10 minutes
# Needs: cmake doctest-dev g++-mingw-w64-x86-64-posix libeigen3-dev ninja-build nlohmann-json3-dev wine64
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
# shellcheck source=.ci/header_packages.sh
source .ci/header_packages.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
header_packages "$scratch/prefix"
export WINEPREFIX=$scratch/wine WINEDEBUG=-all OMP_WAIT_POLICY=passive
export LC_ALL=C.UTF-8 # else Wine has no file names beyond ASCII
PATH=$PATH:/usr/lib/wine # where Debian keeps wine64

cmake -G Ninja -S . -B "$scratch/build" -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=x86_64 \
  -DCMAKE_CXX_COMPILER=x86_64-w64-mingw32-g++-posix -DCMAKE_RC_COMPILER=x86_64-w64-mingw32-windres \
  -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_CROSSCOMPILING_EMULATOR=wine64 \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE='-O2 -DNDEBUG' -DCMAKE_UNITY_BUILD=ON \
  -DGMMX_BUILD_TESTS=ON -DGMMX_WARNINGS_AS_ERRORS=ON
cmake --build "$scratch/build" --target gmmx_tests
for library in libgomp-1 libgcc_s_seh-1 libwinpthread-1; do # OpenMP's is never linked statically
  cp "$(x86_64-w64-mingw32-g++-posix -print-file-name=$library.dll)" "$scratch/build/cpp/tests"
done
wine64 "$scratch/build/cpp/tests/gmmx_tests.exe"
