#!/usr/bin/env bash
# Fuzzes every target of every module for FUZZTIME, as many at once as there are processors, and
# goes on after one that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=${FUZZTIME:-30s}
jobs=$(getconf _NPROCESSORS_ONLN)
found=$(go env GOCACHE)/fuzz # where go test keeps what it found interesting
modules=(. test/interop)
[ "$(go env GOOS)" != linux ] || modules+=(bench bench/rival) # they are written for it

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "package folder function..." of every package that has fuzz targets, those with the most first.
packages() {
  local files='{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}} {{$p.Dir}} {{.}}
{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}} {{$p.Dir}} {{.}}
{{end}}'
  local module package folder file
  for module in "${modules[@]}"; do go -C "$module" list -f "$files" ./...; done | sed '/^$/d' | while read -r package folder file; do
    sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$package $folder \1|p" "$folder/$file"
  done | awk '{ n[$1 " " $2]++; all[$1 " " $2] = all[$1 " " $2] " " $3 } END { for (p in all) print n[p], p all[p] }' |
    sort -rn | cut -d ' ' -f 2-
}

# timed_out LOG tells whether nothing but the end of the fuzzing time failed: before Go 1.27
# that may be reported as a failure (go.dev/issue/75804). A real one names its input.
timed_out() {
  grep -q '^ *context deadline exceeded$' "$1" && ! grep -qE 'Failing input|panic:|fuzzing process' "$1"
}

# tell RESULT PACKAGE TARGET LOG says how fuzzing went, all of it at once.
tell() {
  {
    flock 9
    echo "--- $3 in $2, $fuzztime: $1, $(grep '^fuzz: elapsed' "$4" | tail -n 1 | cut -d ' ' -f 4- || true)"
    [ "$1" = passed ] || sed '/^fuzz: elapsed/d' "$4"
    echo "$1" >>"$work/results"
  } 9>"$work/lock"
}

# fuzz PACKAGE FOLDER TARGET... builds a package's tests once, as go test -fuzz does but for
# vet, and fuzzes its targets. Minimizing an input counts as fuzzing time, so it is short.
fuzz() {
  local package=$1 folder=$2 name=${1//\//_} log target result
  shift 2
  log=$work/$name.log
  if ! go -C "$folder" test -c -fuzz . -vet off -ldflags '-s -w' -o "$work/$name" . >"$log" 2>&1; then
    for target; do tell failed "$package" "$target" "$log"; done
    return
  fi
  for target; do
    log=$work/$name.$target result=passed
    (cd "$folder" && "$work/$name" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$fuzztime" -test.fuzzminimizetime 200x \
      -test.parallel 1 -test.fuzzcachedir "$found/$package" -test.paniconexit0) </dev/null >"$log" 2>&1 ||
      timed_out "$log" || result=failed
    tell "$result" "$package" "$target" "$log"
  done
  rm -f "$work/$name"
}

: >"$work/results"
while read -r -a package; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  fuzz "${package[@]}" &
done < <(packages)
wait

failed=$(grep -c failed "$work/results" || true)
echo "fuzz targets: $(grep -c passed "$work/results" || true) passed, $failed failed"
[ "$failed" = 0 ]
