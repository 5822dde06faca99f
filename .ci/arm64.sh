#!/usr/bin/env bash
# gmmx for ARM64 Linux, compiled here and run by an emulator: the C++ tests, and a wheel in an environment that has no
# compiler, with the Python tests of E-steps, M-steps and published values; all tests would take hours.
# Usage: .ci/arm64.sh [cpp] [wheel]      about 20 minutes; both without an argument
# Needs: cmake doctest-dev g++-aarch64-linux-gnu libeigen3-dev ninja-build nlohmann-json3-dev qemu-user, apt-get, and
# Python 3.11 with venv, the Python of Debian 12, whose packages for ARM64 are taken
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 MPLBACKEND=Agg
export OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=1
# A processor without SVE: with it, NumPy's OpenBLAS 0.3 divides by zero in products of float32, whose warning is an error.
export QEMU_CPU=cortex-a72
triplet=aarch64-linux-gnu
cross=(-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER="$triplet-g++")

step() {
  printf '\n=== %s (%d s since the start)\n' "$1" "$SECONDS"
}

cpp() {
  step 'C++ tests'
  .ci/cross_tests.sh "$triplet"
}

# Python for ARM64 with what it needs, unpacked into a folder. apt keeps what it knows of that system in the scratch
# folder.
unpack_python() {
  local apt=(-o "Dir::State=$scratch/state" -o "Dir::Cache=$scratch/cache" -o "Dir::State::status=$scratch/status"
    -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Debug::NoLocking=1) package
  mkdir -p "$scratch"/state/lists/partial "$scratch"/cache/archives/partial
  : >"$scratch/status"
  apt-get "${apt[@]}" -qq update
  apt-get "${apt[@]}" -qq install -y --no-install-recommends --download-only \
    libgomp1 libpython3.11-dev libstdc++6 python3.11 >/dev/null
  for package in "$scratch"/cache/archives/*.deb; do dpkg -x "$package" "$scratch/root"; done
}

# Tests start the Python that they run on as a program, which the kernel cannot do: it starts a script.
write_launcher() {
  printf '#!/bin/sh\nexec qemu-aarch64 -L %q %q "$@"\n' "$scratch/root" "$scratch/root/usr/bin/python3.11" >"$scratch/python"
  chmod +x "$scratch/python"
  printf 'import sys\nsys.executable = "%s"\n' "$scratch/python" >"$scratch/site/sitecustomize.py"
}

wheel() {
  step 'A wheel'
  unpack_python
  "${PYTHON:-python3.11}" -m venv "$scratch/here"
  "$scratch/here/bin/pip" install -q build
  local site=$scratch/site suffix=.cpython-311-$triplet.so
  SETUPTOOLS_EXT_SUFFIX=$suffix _PYTHON_HOST_PLATFORM=linux-aarch64 \
    CMAKE_ARGS="${cross[*]} -DPython_INCLUDE_DIR=$scratch/root/usr/include/python3.11 -DPYTHON_MODULE_EXTENSION=$suffix" \
    CXXFLAGS=-I"$scratch/root/usr/include" "$scratch/here/bin/python" -m build -q --wheel --outdir "$scratch/wheels" .
  ls "$scratch/wheels"
  "$scratch/here/bin/pip" install -q --target "$site" --only-binary :all: --python-version 3.11 --implementation cp \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
    --platform linux_aarch64 "$(echo "$scratch"/wheels/*.whl)[cli]" hypothesis pytest
  write_launcher

  step 'Tests of numbers with the wheel'
  export PYTHONPATH=$site
  "$scratch/python" -c 'import gmmx; gmmx.show_versions()'
  cp -r pyproject.toml tests "$scratch" # beside no sources of the package
  cd "$scratch"
  ./python -m pytest -q -p no:cacheprovider -m 'not slow' \
    tests/numerics/test_{known_values,statistics,kernels}.py tests/reference/test_native_against_reference.py
}

if [ $# -eq 0 ]; then set -- cpp wheel; fi # in this order: wheel leaves the folder
for part in "$@"; do "$part"; done
step 'Everything passed'
