#!/usr/bin/env bash
# bench.sh TREE OUT runs the benchmarks of a tree and keeps the results in OUT.
# BENCH, BENCHCOUNT and BENCHTIME choose which, how often and for how long.
set -euo pipefail
out=$(realpath -m "$2")
cd "$1"
mkdir -p "$(dirname "$out")"

files='{{$p := .}}{{range .TestGoFiles}}{{$p.Dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$p.Dir}}/{{.}}
{{end}}'
mapfile -t packages < <(go list -f "$files" ./... | sed '/^$/d' | xargs -r grep -l '^func Benchmark' | xargs -rn1 dirname | sort -u)
if [ ${#packages[@]} = 0 ]; then
  echo "no benchmarks in $PWD"
  : >"$out"
  exit
fi
go test -run '^$' -bench "${BENCH:-.}" -benchmem -benchtime "${BENCHTIME:-1s}" -count "${BENCHCOUNT:-10}" "${packages[@]}" | tee "$out"
