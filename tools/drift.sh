#!/usr/bin/env bash
# Fails if what is kept is not what its sources make: gen/, server/web/dist, the Go
# modules' files, package-lock.json. What was generated anew stays, to be committed.
# What is missing for it, `make generate` installs.
set -euo pipefail
cd "$(dirname "$0")/.."
drifted=0
drift() {
  echo "drift: $1" >&2
  drifted=1
}

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
built=(gen server/web/dist)
for tree in "${built[@]}"; do
  mkdir -p "$before/$tree" "$tree"
  cp -R "$tree/." "$before/$tree"
done
make --no-print-directory generate || drift "generating failed"
for tree in "${built[@]}"; do
  diff -ru "$before/$tree" "$tree" | cut -c 1-160 | head -n 50
  [ "${PIPESTATUS[0]}" = 0 ] || drift "$tree is not what its sources make: make generate"
done

for module in . tools test/interop bench bench/rival bench/connectgo bench/grpcgo bench/centrifuge; do
  (cd "$module" && go mod tidy -diff) || drift "$module/go.mod is not tidy: go mod tidy"
done

# A download address would tie the lock file to one registry.
if grep -n '"resolved": *"[a-z+]*://' package-lock.json; then
  drift "package-lock.json names download addresses: npm install with the settings in .npmrc"
fi

[ "$drifted" = 0 ] && echo "drift: none"
