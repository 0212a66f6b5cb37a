#!/usr/bin/env bash
# Lints the Go code here and in test/interop, a module of its own, at once: most of the work is
# to understand what they import, which is nearly the same. Takes arguments for golangci-lint.
set -euo pipefail
cd "$(dirname "$0")/.."

linter=$(go tool -modfile=tools/go.mod -n golangci-lint)
export GOWORK=$PWD/.build/lint/go.work
mkdir -p "${GOWORK%/*}"
rm -f "$GOWORK" "$GOWORK.sum"
go work init . test/interop
# A fifth of the time would be spent on collecting garbage.
GOGC=300 "$linter" run "$@" ./... ./test/interop/...
