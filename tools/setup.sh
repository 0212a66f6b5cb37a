#!/usr/bin/env bash
# Brings in what is missing: npm packages and Go modules; as root on Debian also a C
# compiler (the race detector needs one), Chromium (the browser tests do), Redis, Postgres
# and PgBouncer (the stores' tests run servers of their own). What it cannot bring in, it says;
# with CI=true that is an error, for nothing may be skipped there.
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

# As internal/services looks for them.
has_redis() { has "${OVATION_REDIS_SERVER:-redis-server}"; }
has_postgres() {
  if [ -n "${OVATION_POSTGRES_BIN:-}" ]; then [ -x "$OVATION_POSTGRES_BIN/initdb" ]; else
    has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
  fi
}
has_pgbouncer() { has "${OVATION_PGBOUNCER:-pgbouncer}" || [ -x /usr/sbin/pgbouncer ]; }

# install installs Debian's packages. Those of servers start none: tests run their own,
# and nobody asked for others.
install() {
  local policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.d/ovation-setup.conf made=()
  if [ ! -e $policy ]; then
    made+=($policy)
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  if [ ! -e $clusters ]; then
    made+=($clusters)
    mkdir -p "${clusters%/*}"
    echo "create_main_cluster = false" >$clusters
  fi
  local status=0
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@"; } >/dev/null || status=$?
  rm -f "${made[@]}"
  return $status
}

packages=()
has cc || has gcc || packages+=(gcc libc6-dev)
if has npm && [ -z "${CHROMIUM:-}" ] && ! has_chromium; then packages+=(chromium); fi
[ -n "${OVATION_REDIS_SERVER:-}" ] || has_redis || packages+=(redis-server)
[ -n "${OVATION_POSTGRES_BIN:-}" ] || has_postgres || packages+=(postgresql)
[ -n "${OVATION_PGBOUNCER:-}" ] || has_pgbouncer || packages+=(pgbouncer)
if [ ${#packages[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && has apt-get; then
  echo "setup: apt-get install ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  install "${packages[@]}" || lack "apt-get failed"
fi

[ "$(go env CGO_ENABLED)" = 1 ] || lack "no C compiler: Go tests run without the race detector"
has_redis || lack "no redis-server${OVATION_REDIS_SERVER:+ at $OVATION_REDIS_SERVER}: tests on Redis are left out"
has_postgres || lack "no Postgres${OVATION_POSTGRES_BIN:+ in $OVATION_POSTGRES_BIN}: tests on Postgres are left out"
has_pgbouncer || lack "no pgbouncer${OVATION_PGBOUNCER:+ at $OVATION_PGBOUNCER}: tests through PgBouncer are left out"
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
