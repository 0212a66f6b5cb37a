#!/usr/bin/env bash
# bench-diff.sh BASE compares the benchmarks of this tree with BASE: results that
# `make bench` kept, or a git ref whose benchmarks then run first.
set -euo pipefail
cd "$(dirname "$0")/.."
base=$1
results=.build/bench

if [ ! -f "$base" ]; then
  commit=$(git rev-parse --verify --short "$base^{commit}")
  tree=$results/tree
  base=$results/$commit.txt
  rm -rf "$tree"
  mkdir -p "$tree"
  trap 'rm -rf "$tree"' EXIT
  git archive "$commit" | tar -x -C "$tree"
  tools/bench.sh "$tree" "$base"
fi
tools/bench.sh . "$results/working.txt"
go tool -modfile=tools/go.mod benchstat "$base" "$results/working.txt"
