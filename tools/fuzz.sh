#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME each, and goes on after one that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=${FUZZTIME:-30s}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# "package function" of every fuzz target.
targets() {
  local files='{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}} {{$p.Dir}}/{{.}}
{{end}}'
  local package file
  go list -f "$files" ./... | sed '/^$/d' | while read -r package file; do
    sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$package \1|p" "$file"
  done
}

# run TARGET PACKAGE fuzzes one target, shows how it goes on and keeps all it says in $log.
# Minimizing an input counts as fuzzing time, so it is short.
run() {
  go test -run '^$' -fuzz "^$1\$" -fuzztime "$fuzztime" -fuzzminimizetime 200x "$2" </dev/null 2>&1 |
    tee "$log" | sed -u -n '/^fuzz: elapsed/p'
}

# timed_out tells whether nothing but the end of the fuzzing time failed: before Go 1.27
# that may be reported as a failure (go.dev/issue/75804). A real one names its input.
timed_out() {
  grep -q '^ *context deadline exceeded$' "$log" && ! grep -qE 'Failing input|panic:|fuzzing process' "$log"
}

passed=0 failed=0
while read -r package target; do
  echo "--- $target in $package, $fuzztime"
  if run "$target" "$package" || timed_out; then
    passed=$((passed + 1))
  else
    sed '/^fuzz: elapsed/d' "$log"
    failed=$((failed + 1))
  fi
done < <(targets)

echo "fuzz targets: $passed passed, $failed failed"
[ "$failed" = 0 ]
