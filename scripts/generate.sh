#!/usr/bin/env bash
# Generates gen/ from proto/. With --prepare, only brings in what buf needs to
# read the contracts (for lint and breaking checks).
set -euo pipefail
cd "$(dirname "$0")/.."

protovalidate=github.com/bufbuild/protovalidate@v1.2.2
vendored=.build/protovalidate

prepare() {
  [ -x node_modules/.bin/buf ] || npm ci --no-audit --no-fund
  local dir
  dir=$(go mod download -json "$protovalidate" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",\{0,1\}$/\1/p')
  rm -rf "$vendored"
  mkdir -p "$vendored/buf/validate"
  cp "$dir/proto/protovalidate/buf/validate/validate.proto" "$vendored/buf/validate/"
  chmod -R u+w "$vendored"
}

prepare
if [ "${1:-}" = --prepare ]; then
  exit 0
fi

# All of it or nothing: a plugin that fails leaves gen/ as it was.
built=.build/generated
rm -rf "$built"
for template in buf.gen.yaml buf.gen.store.yaml; do
  node_modules/.bin/buf generate --template "$template" --output "$built"
done
mkdir -p gen
for language in go es; do
  rm -rf "gen/$language"
  mv "$built/gen/$language" "gen/$language"
done
rm -rf "$built"
