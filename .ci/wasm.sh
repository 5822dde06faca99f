#!/usr/bin/env bash
# The C++ library as WebAssembly: its unit tests run by node, and the playground of the documentation built, into
# build/playground, where docs/conf.py finds it, and tried in a browser.
# Usage: .ci/wasm.sh [build]      about 5 minutes; build: the playground alone, without tests
# Needs: cmake doctest-dev emscripten libeigen3-dev ninja-build nlohmann-json3-dev, chromium and, in the environment of
# Python that is active, gmmx with its extra docs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
# shellcheck source=.ci/header_packages.sh
source .ci/header_packages.sh

scratch=$PWD/build/wasm
[[ -d $scratch/prefix ]] || header_packages "$scratch/prefix"
export NODE_PATH=/usr/share/nodejs # a node that is not Debian's does not find there what Debian's emscripten needs

# There are neither threads nor OpenMP. Eigen 3.4 has no packets for the vectors of WebAssembly.
cmake -G Ninja -S . -B "$scratch" \
  -DCMAKE_TOOLCHAIN_FILE=/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake \
  -DCMAKE_FIND_ROOT_PATH="$scratch/prefix" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS=-fexceptions -DCMAKE_CXX_FLAGS_RELEASE='-O2 -DNDEBUG' \
  -DCMAKE_EXE_LINKER_FLAGS=-sALLOW_MEMORY_GROWTH=1 -DCMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON -DCMAKE_UNITY_BUILD=ON \
  -DGMMX_BUILD_TESTS=ON -DGMMX_PLAYGROUND=ON -DGMMX_WARNINGS_AS_ERRORS=ON

cmake --build "$scratch" --target gmmx_playground
mkdir -p build/playground
cp "$scratch/cpp/wasm/gmmx_playground.js" build/playground
wc -c build/playground/* docs/playground/*
[[ $(cat build/playground/* docs/playground/* | wc -c) -lt 1000000 ]] # what a reader downloads
if [[ ${1:-} == build ]]; then exit; fi

# Emscripten's files are in memory: without pipes, limits, owners, and a longest name.
without_files_of_unix='*files that cannot be read,*a huge file*,*paths that are not regular files*,*a failed save*,'
without_files_of_unix+='*the longest name*,*a file that is replaced keeps its permissions'
cmake --build "$scratch" --target gmmx_tests
# This emscripten takes the fetch() of newer nodes for a browser's.
node --no-experimental-fetch "$scratch/cpp/tests/gmmx_tests.js" --test-case-exclude="$without_files_of_unix"

# The other pages need not be whole for this.
python -m sphinx -q -b html -D plot_gallery=0 docs "$scratch/site"
python docs/check_pages.py "$scratch/site" --only playground
python docs/check_playground.py "$scratch/site"
