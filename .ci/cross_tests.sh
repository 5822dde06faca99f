#!/usr/bin/env bash
# The C++ tests for another processor under Linux: compiled here, run by an emulator.
# Usage: .ci/cross_tests.sh TRIPLET [CMAKE-OPTION...]      about 10 minutes; TRIPLET: the name of Debian's compiler, such
# as aarch64-linux-gnu, s390x-linux-gnu (where the most significant byte comes first), i686-linux-gnu (32 bits)
# Needs: cmake doctest-dev g++-TRIPLET libeigen3-dev ninja-build nlohmann-json3-dev, and, except for i686, qemu-user
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
# shellcheck source=.ci/header_packages.sh
source .ci/header_packages.sh

triplet=$1 processor=${1%%-*}
shift
emulator=("qemu-$processor" -L "/usr/$triplet")
if [[ $processor == i686 ]]; then # x86-64 processors run its programs
  emulator=("/usr/$triplet/lib/ld-linux.so.2" --library-path "/usr/$triplet/lib")
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export OMP_WAIT_POLICY=passive
header_packages "$scratch/prefix"

cmake -G Ninja -S . -B "$scratch/build" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$processor" \
  -DCMAKE_CXX_COMPILER="$triplet-g++" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
  -DCMAKE_CROSSCOMPILING_EMULATOR="$(IFS=';' && echo "${emulator[*]}")" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE='-O2 -DNDEBUG' -DCMAKE_UNITY_BUILD=ON -DGMMX_BUILD_TESTS=ON -DGMMX_WARNINGS_AS_ERRORS=ON "$@"
cmake --build "$scratch/build" --target gmmx_tests
"${emulator[@]}" "$scratch/build/cpp/tests/gmmx_tests"
