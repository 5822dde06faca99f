#!/usr/bin/env bash
# The C++ library as its users get it: installed into a clean prefix, static and shared, with GCC and with clang; a project
# of its own finds it there by CMake, and one file by pkg-config; everything is run.
# Usage: .ci/consume.sh <scratch folder>, after cmake --workflow --preset dev, whose library is the static one of GCC
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$1

build() {
  local compiler=$1 shared=$2 unity=$3 folder=$4
  cmake -G Ninja -S . -B "$folder" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O0 \
    -DCMAKE_CXX_COMPILER="$compiler" -DBUILD_SHARED_LIBS="$shared" -DCMAKE_UNITY_BUILD="$unity" >"$folder.log"
  cmake --build "$folder" >>"$folder.log"
}

consume() {
  local compiler=$1 kind=$2 built=$3
  local here=$scratch/$compiler-$kind
  printf '+ %s, %s\n' "$compiler" "$kind"
  cmake --install "$built" --prefix "$here/prefix" >"$here.log"

  cmake -G Ninja -S cpp/examples/consumer -B "$here/consumer" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$here/prefix" >>"$here.log"
  cmake --build "$here/consumer" >>"$here.log"
  run_programs "$here/consumer"

  local flags
  flags=$(PKG_CONFIG_PATH=$here/prefix/lib/pkgconfig:$here/prefix/lib/x86_64-linux-gnu/pkgconfig \
    pkg-config --cflags --libs gmmx)
  # shellcheck disable=SC2086
  "$compiler" -std=c++17 cpp/examples/consumer/consumer.cpp -o "$here/by-pkg-config" $flags
  LD_LIBRARY_PATH=$(dirname "$(find "$here/prefix" -name 'libgmmx.*' | head -1)") "$here/by-pkg-config"
}

run_programs() {
  "$1/consumer"
  "$1/quickstart"
  "$1/merge_statistics"
  "$1/fit_csv" examples/data/faithful.csv 2 "$1/model.safetensors"
  printf '3.6 79\n1.8,54\n' | "$1/score_stream" "$1/model.safetensors"
}

mkdir -p "$scratch"
consume g++ static build/dev
# Each file for itself, not a folder as one: none may need what another includes.
build g++ ON OFF "$scratch/g++"
consume g++ shared "$scratch/g++"
for kind in static shared; do
  build clang++ "$([[ $kind == shared ]] && echo ON || echo OFF)" ON "$scratch/clang++-$kind-build"
  consume clang++ "$kind" "$scratch/clang++-$kind-build"
done
# A project that takes gmmx into its own build finds the same target.
cmake -G Ninja -S cpp/tests/agreement -B "$scratch/within" >"$scratch/within.log"
cmake --build "$scratch/within" --target CMakeFiles/agreement.dir/agreement.cpp.o >>"$scratch/within.log"
# What a library of another version would do: the consumer must not link with it.
sed -i 's/#define GMMX_VERSION_MINOR 1 /#define GMMX_VERSION_MINOR 99 /' "$scratch/g++-static/prefix/include/gmmx/version.hpp"
if cmake --build "$scratch/g++-static/consumer" >"$scratch/other-version.log" 2>&1; then
  echo 'headers of another version were linked with the library' >&2
  exit 1
fi
grep -q 'needs_gmmx_0_99' "$scratch/other-version.log"
