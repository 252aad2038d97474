# Everything a developer or CI does here. `make` alone lists the targets.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO_FILES := $(wildcard $(shell git ls-files -co --exclude-standard '*.go' '*.cue' '*.js' '*.tmpl' go.mod go.sum | grep -v '^tools/'))
GOTEST   := go test -timeout 20m
FUZZTIME ?= 20s

.DEFAULT_GOAL := help
.PHONY: help build tools runc buildctl base-image demo test check bench lint fuzz generate generate-check dagre race deadcode clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

build: bin/dagger-lsp ## build bin/dagger-lsp

bin/dagger-lsp: $(GO_FILES)
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/dagger-lsp

tools: runc ## build or find what running jobs needs: an OCI runtime beside the binary

runc:
	@scripts/runc.sh

buildctl: ## build BuildKit's own client, which tests compare with
	@scripts/buildctl.sh

base-image: bin/dagger-lsp ## make the base image of the examples and put it into your local image store
	@scripts/base-image.sh

demo: bin/dagger-lsp runc ## check, plan, draw and run an example, twice, and tell what happened
	@scripts/demo.sh

test: runc buildctl ## install what the tests need and run them all
	@scripts/need.sh test
	$(GOTEST) ./...

check: ## every gate that CI has
	@scripts/check.sh

race: runc ## the tests of the concurrent rooms under the race detector
	@scripts/need.sh race
	CGO_ENABLED=1 $(GOTEST) -race -short ./lsp/... ./engine/job/... ./engine ./runtime/worker/... ./cmd/...

bench: runc ## measure single pass against step by step, and keystroke to diagnostic
	@scripts/need.sh test
	$(GOTEST) -run '^$$' -bench . -benchtime 3x ./...

lint: bin/golangci-lint ## static analysis
	scripts/lint-fires.sh
	bin/golangci-lint run ./...

bin/golangci-lint bin/deadcode: tools/lint/go.mod
	cd tools/lint && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o ../../bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint golang.org/x/tools/cmd/deadcode
	@touch bin/golangci-lint bin/deadcode

deadcode: bin/deadcode ## functions that nothing calls
	@out=$$(bin/deadcode -test ./...); [ -z "$$out" ] || { echo "$$out"; exit 1; }

fuzz: ## each fuzz target for FUZZTIME (20s)
	@scripts/fuzz.sh $(FUZZTIME)

generate: bin/dagger-lsp ## write the generated files anew
	@scripts/generate.sh

generate-check: bin/dagger-lsp ## fail if a generated file is not what it would be
	@scripts/generate.sh --check

DAGRE := 3.1.3
dagre: ## fetch the layout engine anew, at the version pinned here
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; cd "$$tmp"; \
	npm pack --silent @dagrejs/dagre@$(DAGRE) >/dev/null; tar xzf *.tgz; \
	cp package/dist/dagre.min.js package/LICENSE .; \
	cp dagre.min.js $(CURDIR)/analysis/graph/dagre.min.js; cp LICENSE $(CURDIR)/analysis/graph/dagre.LICENSE

clean: ## remove what was built
	@scripts/demo.sh --stop
	rm -rf bin .cache
