# make = help. Needs Go 1.26, make, and for the user interface Node 20 with npm.
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help
.PHONY: help demo run test test-go test-ui race lint lint-go lint-ui check ui bench bench-kb soak

GOTESTFLAGS ?=
GOFILES = $$(git ls-files --cached --others --exclude-standard '*.go')

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: ui ## everything with sample data, on this machine only
	go run ./cmd/postern demo

run: ui ## the gateway alone: flags in ARGS, variables POSTERN_…
	go run ./cmd/postern serve $(ARGS)

test: test-go test-ui ## installs what is missing, then all tests on real servers and browsers

# Whole gateways with their databases run in cmd/postern's tests: with the race detector they take five times as long.
# So every other package is raced whole, and there the tests in which most goroutines meet; 'make race' races them all.
RACED = TestWalk|TestSixtyFourRacers|TestProductWithoutHints|TestTwoNodes|TestRollingRestart
WHOLE = cmd/postern$$

test-go:
	.ci/install
	go test -race -timeout 30m $(GOTESTFLAGS) $$(go list ./... | grep -v '$(WHOLE)')
	go test -race -timeout 30m -run '$(RACED)' $(GOTESTFLAGS) ./cmd/postern
	go test -timeout 30m -skip '$(RACED)' $(GOTESTFLAGS) ./cmd/postern

race: ## every Go test with the race detector, before a release
	.ci/install
	go test -race -timeout 90m $(GOTESTFLAGS) ./...

# Types and style of the user interface, its browser suites included.
LINT_UI = npx --no-install tsc --noEmit && npx --no-install tsc --noEmit -p e2e && npx --no-install biome check

# A folder that is not there yet is the only reason to leave a step out; a missing tool is a failure.
test-ui:
	@if [ -f widget/package.json ]; then $(MAKE) --no-print-directory ui && cd widget && \
		$(LINT_UI) && npx --no-install vitest run && { [ ! -d e2e ] || node --test --test-concurrency=2 e2e/*.test.mjs; }; fi

lint: lint-go lint-ui ## formats, vet, staticcheck, architecture, types

lint-go:
	@bad=$$(go tool gofumpt -l $(GOFILES)); [ -z "$$bad" ] || { echo "not formatted (go tool gofumpt -w):"; echo "$$bad"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test -count=1 -run Architecture ./cmd/postern

lint-ui:
	@if [ -f widget/package.json ]; then $(MAKE) --no-print-directory widget/node_modules/.lock && cd widget && \
		$(LINT_UI); fi

check: lint test ## what continuous integration runs
	git diff --exit-code

# npm's modules belong to one lock file: a copy of it beside them says which.
widget/node_modules/.lock: widget/package-lock.json
	cd widget && npm ci --ignore-scripts --no-audit --no-fund
	cp widget/package-lock.json $@

ui: ## builds the user interface into widget/dist
	@if [ -f widget/package.json ]; then $(MAKE) --no-print-directory widget/node_modules/.lock && go run ./widget/build.go; fi

# The whole of the goals' growth and stay, before a release: make bench BENCHFLAGS='--stored 10000000 --stay 5m'.
BENCHFLAGS ?=
ROUNDS ?= 3
SEED ?= 1

bench: ui gateway/compare/compare ## the table of goals beside its references, all other speeds, and sizes (BENCHFLAGS, ROUNDS, SEED)
	go build -o bin/postern ./cmd/postern
	bin/postern bench all --rounds $(ROUNDS) --seed $(SEED) --compare gateway/compare/compare $(BENCHFLAGS)
	go test -run '^$$' -bench . -benchmem ./...
	go test -count=1 -v -run Budgets ./widget

# The references need Node and their own modules, beside the program that starts them.
gateway/compare/compare: go.mod $(wildcard gateway/compare/*.go gateway/compare/go.mod gateway/compare/package-lock.json gateway/bench/*.go)
	cd gateway/compare && npm ci --ignore-scripts --no-audit --no-fund && go build -o compare .

# How well questions are answered is asked of the sets in KB_SETS: a folder with a folder for each. They are not part of
# the project, and no test needs them.
KB_SETS ?=
KB_FLAGS ?=

bench-kb: kb/compare/compare ## the search of articles beside Bleve's and SQLite's, and what each part of it gains; KB_SETS=folder of question sets, KB_FLAGS
	go build -o bin/postern ./cmd/postern
	bin/postern bench kb --table --compare kb/compare/compare $(if $(KB_SETS),--sets $(KB_SETS)) $(KB_FLAGS)
	KB_SETS=$(KB_SETS) go test -run '^$$' -bench Tuning -benchtime 1x -v ./kb

kb/compare/compare: go.mod $(wildcard kb/compare/*.go kb/compare/go.mod kb/*.go kb/markdown/*.go kb/measure/*.go)
	cd kb/compare && go build -o compare .

# Bounded: it ends when so many messages are acknowledged and so many faults are over. Figures as JSON go to JSON=file.
SEED ?=
MESSAGES ?= 200000
FAULTS ?= 60
RATE ?= 600
NODES ?= 3
JSON ?=
soak: ## faults under load: nothing lost, doubled or out of order; SEED, MESSAGES, FAULTS, RATE, NODES, JSON
	.ci/install
	SOAK_SEED=$(SEED) SOAK_MESSAGES=$(MESSAGES) SOAK_FAULTS=$(FAULTS) SOAK_RATE=$(RATE) SOAK_NODES=$(NODES) SOAK_JSON=$(abspath $(JSON)) \
		go test -count=1 -timeout 60m -v -run '^TestSoak$$' ./cmd/postern
