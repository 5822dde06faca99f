#!/usr/bin/env bash
# Damaged and made-up model files for some seconds, beginning with those of cpp/fuzz/corpus.
# Usage: .ci/fuzz.sh [seconds, 60], after cmake --workflow --preset asan-ubsan
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/found"
build/asan-ubsan/cpp/fuzz/gmmx_model_file_fuzzer -dict=cpp/fuzz/model_file.dict -max_total_time="${1:-60}" -timeout=10 \
  -print_final_stats=1 -artifact_prefix=build/ "$scratch/found" cpp/fuzz/corpus >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  exit 1
}
tail -n 8 "$scratch/log"
