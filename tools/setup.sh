#!/usr/bin/env bash
# Brings in what is missing: npm packages and Go modules; as root on Debian also a C
# compiler (the race detector needs one) and Chromium (the browser tests do). What
# it cannot bring in, it says; with CI=true that is an error, for nothing may be
# skipped there.
set -euo pipefail
cd "$(dirname "$0")/.."

lacking=0
lack() {
  echo "setup: $1" >&2
  lacking=1
}

has() { command -v "$1" >/dev/null; }
# CHROMIUM names one, or else it is the first that there is, as in the Makefile.
has_chromium() {
  if [ -n "${CHROMIUM:-}" ]; then has "$CHROMIUM"; else has chromium || has chromium-browser || has google-chrome; fi
}

packages=()
has cc || has gcc || packages+=(gcc libc6-dev)
if has npm && [ -z "${CHROMIUM:-}" ] && ! has_chromium; then packages+=(chromium); fi
if [ ${#packages[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && has apt-get; then
  echo "setup: apt-get install ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends "${packages[@]}"; } >/dev/null ||
    lack "apt-get failed"
fi

[ "$(go env CGO_ENABLED)" = 1 ] || lack "no C compiler: Go tests run without the race detector"
if ! has npm; then
  lack "no npm: web tests, web checks and buf are left out (Node.js 20.19 or later brings it)"
else
  # Whole as the lock file has it, or else made so.
  npm ls --all --silent >/dev/null 2>&1 || npm ci --no-audit --no-fund
  has_chromium || lack "no Chromium${CHROMIUM:+ at $CHROMIUM}: browser tests are left out"
fi

go list -deps -test ./... >/dev/null

if [ "$lacking" = 1 ] && [ "${CI:-}" = true ]; then
  exit 1
fi
