#!/usr/bin/env bash
# Fuzzes every target for FUZZTIME, as many at once as there are processors, and goes on
# after one that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=${FUZZTIME:-30s}
jobs=$(getconf _NPROCESSORS_ONLN)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

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

# timed_out LOG tells whether nothing but the end of the fuzzing time failed: before Go 1.27
# that may be reported as a failure (go.dev/issue/75804). A real one names its input.
timed_out() {
  grep -q '^ *context deadline exceeded$' "$1" && ! grep -qE 'Failing input|panic:|fuzzing process' "$1"
}

# fuzz PACKAGE TARGET fuzzes one target, and then says how that went, all of it at once.
# Minimizing an input counts as fuzzing time, so it is short.
fuzz() {
  local log=$work/${1//\//_}.$2 result=passed
  go test -run '^$' -fuzz "^$2\$" -fuzztime "$fuzztime" -fuzzminimizetime 200x -parallel 1 "$1" </dev/null >"$log" 2>&1 ||
    timed_out "$log" || result=failed
  {
    flock 9
    echo "--- $2 in $1, $fuzztime: $result, $(grep '^fuzz: elapsed' "$log" | tail -n 1 | cut -d ' ' -f 4- || true)"
    [ "$result" = passed ] || sed '/^fuzz: elapsed/d' "$log"
    echo "$result" >>"$work/results"
  } 9>"$work/lock"
}

: >"$work/results"
while read -r package target; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  fuzz "$package" "$target" &
done < <(targets)
wait

failed=$(grep -c failed "$work/results" || true)
echo "fuzz targets: $(grep -c passed "$work/results" || true) passed, $failed failed"
[ "$failed" = 0 ]
