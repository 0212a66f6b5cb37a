# Everything that one does to this repository; CI does the same.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

FUZZTIME   ?= 30s
BENCH      ?= .
BENCHCOUNT ?= 10
BENCHTIME  ?= 1s
BASE       ?= HEAD
TESTFLAGS  ?=
BENCHFLAGS ?=
export FUZZTIME BENCH BENCHCOUNT BENCHTIME

golangci-lint := go tool -modfile=tools/go.mod golangci-lint
buf           := node_modules/.bin/buf
web           := -w clients/web
# The race detector needs a C compiler.
race           = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
# What takes longest begins first, the most of it waiting; so there is one more at once than
# there are processors. (What go vet looks at lint does.)
longest        = ./test/failure ./store/postgres ./store/paired ./store/redis
packages       = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Looked for when it is needed: setup may have brought it by then.
chromium       = $(or $(CHROMIUM),$(shell command -v chromium || command -v chromium-browser || command -v google-chrome))

# $(call with-npm,COMMAND,WHAT) runs COMMAND or, without npm, says that WHAT is left
# out; with CI=true setup has failed by then. with-chromium is its like.
with-npm      = $(if $(shell command -v npm),$(1),@echo "SKIPPED, no npm: $(2)")
with-chromium = $(if $(chromium),$(1),@echo "SKIPPED, no Chromium: $(2)")

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what is missing: npm packages, Go modules; as root on Debian a C compiler, Chromium, Redis, Postgres, PgBouncer
	@tools/setup.sh

.PHONY: generate
generate: setup ## Make gen/ from proto/, and server/web/dist from clients/web
	scripts/generate.sh
	npm run build $(web)

.PHONY: fmt
fmt: setup ## Format everything
	$(golangci-lint) fmt
	$(call with-npm,scripts/generate.sh --prepare && $(buf) format -w proto && npm run format $(web),proto and clients/web)

.PHONY: lint lint-go lint-proto lint-web
lint: setup lint-go lint-proto lint-web ## Check style, types and the arrows between packages
lint-go:
	@tools/lint.sh
lint-proto:
	$(call with-npm,scripts/generate.sh --prepare && $(buf) lint && $(buf) format --diff --exit-code proto,lint of proto)
lint-web:
	$(call with-npm,npm run check $(web) && npm run lint $(web),checks of clients/web)

.PHONY: test test-go test-interop test-bench test-web test-browser
test: setup test-go test-interop test-bench test-web test-browser ## Install what is missing and pass every test
test-go:
	go test -p $(packages) -vet off -timeout 30m $(race) $(TESTFLAGS) $(longest) ./...
	$(if $(race),go test -vet off -timeout 30m $(TESTFLAGS) -run '^TestStore.' ./store/paired ./store/postgres) # the suite on other arrangements of servers, and in other modes
test-interop: # with clients nobody here wrote, in a module of their own
	cd test/interop && go test -vet off $(TESTFLAGS) ./...
test-bench: # what measures servers side by side, as small as it can be; it is written for Linux
ifeq ($(shell go env GOOS),linux)
	@for module in rival connectgo grpcgo centrifuge; do (cd bench/$$module && go vet ./...); done
	cd bench/rival && go test -vet off $(TESTFLAGS) ./...
	cd bench && go vet ./... && go test -vet off $(TESTFLAGS) ./...
endif
test-web:
	$(call with-npm,npm test $(web),tests of clients/web)
test-browser:
	$(call with-npm,$(call with-chromium,CHROMIUM="$(chromium)" npm run e2e $(web),tests in a browser),tests in a browser)

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME each (30s)
	@tools/fuzz.sh

.PHONY: bench
bench: ## Run the benchmarks that match BENCH (.), BENCHCOUNT times (10), and keep the results
	@tools/bench.sh . .build/bench/working.txt

.PHONY: bench-diff
bench-diff: ## Compare the benchmarks with BASE: a git ref (HEAD) or a file of kept results
	@tools/bench-diff.sh "$(BASE)"

.PHONY: bench-compare
bench-compare: ## Measure servers side by side, over real connections: this one, connect-go, grpc-go, centrifuge (BENCHFLAGS=--help)
	cd bench && go run ./endtoend $(BENCHFLAGS)

.PHONY: drift
drift: ## Check that all that is generated, and the modules' files, are what their sources make
	@tools/drift.sh

.PHONY: check
check: lint drift test fuzz ## All of it: lint, drift, test, fuzz
