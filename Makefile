# The two commands: `make up` (the whole product on this machine) and `make test`. `make help` lists the rest.
# Everything sets itself up; each step can be repeated.

PYTHON ?= python3
PROFILE ?= release
DEMO ?= 1
STAGE ?= dev
FN ?= api
# The end-to-end test runs what the Rust tests have built; `make test-e2e E2E_PROFILE=release` what goes to AWS.
E2E_PROFILE ?= tests
MINUTES ?= 15

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/customer-success-copilot
export PATH := $(CURDIR)/.venv/bin:$(CACHE)/tools/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

LOCAL := infra/local
VENV_PYTHON := .venv/bin/python
HAS_DASHBOARD := $(wildcard dashboard/package.json)

.DEFAULT_GOAL := help
.PHONY: help setup setup-python setup-tests up down reset status demo logs redrive build test test-rust test-dashboard test-demo \
        test-infra test-e2e screenshots advisories bench bench-intelligence deploy routes lock fmt

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | sort | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

setup: ## Install the tools (into .venv and the user's cache)
	@$(PYTHON) $(LOCAL)/setup.py

setup-python:
	@$(PYTHON) $(LOCAL)/setup.py --python-only

setup-tests:
	@$(PYTHON) $(LOCAL)/setup.py --tests

up: setup ## Run the whole product locally (DEMO=0: no demo data; PROFILE=dev: unoptimised build)
	@$(VENV_PYTHON) $(LOCAL)/stack.py up --profile $(PROFILE) --demo $(DEMO)

down: ## Stop the local stack, keep its data
	@$(PYTHON) $(LOCAL)/stop.py

reset: ## Stop the local stack and throw its data away
	@$(PYTHON) $(LOCAL)/stop.py --forget

status: ## Say whether the local stack runs and how full its queues are
	@$(VENV_PYTHON) $(LOCAL)/stack.py status

demo: ## Load the demo portfolio into the running stack
	@$(VENV_PYTHON) $(LOCAL)/stack.py demo

logs: ## Show a function's log (FN=score MINUTES=60)
	@$(VENV_PYTHON) $(LOCAL)/stack.py logs $(FN) --minutes $(MINUTES)

redrive: ## Send dead letters back to their queue (FN=ingest, score, notify or hooks)
	@$(VENV_PYTHON) $(LOCAL)/stack.py redrive $(FN)

build: setup ## Build the functions only
	@$(VENV_PYTHON) $(LOCAL)/stack.py build --profile $(PROFILE)

test: test-infra test-rust test-demo test-dashboard test-e2e ## Everything that is checked

test-rust: setup-tests ## Format, lints, dependencies, unit and integration tests
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo deny --all-features check --hide-inclusion-graph bans licenses sources
	$(PYTHON) $(LOCAL)/with_server.py cargo nextest run --locked --workspace --no-tests=pass

test-dashboard: setup-tests ## Types, lints, unit and browser tests of the dashboard
ifeq ($(HAS_DASHBOARD),)
	@echo "test-dashboard: no dashboard/package.json, nothing to test"
else
	cd dashboard && npm run typecheck
	cd dashboard && npm run --if-present lint
	cd dashboard && npm test
	cd dashboard && npm run build
	cd dashboard && npm run --if-present test:ui
endif

test-demo: ## The tests of the demo generator and of the benchmarks
	@for of in demo bench; do $(PYTHON) -m unittest discover -q -s $$of/tests -t . || exit 1; done

test-infra: setup-python ## The template, its routes, the sample events and the local tools
	$(PYTHON) $(LOCAL)/routes.py --check
	cfn-lint infra/template.yaml
	AWS_DEFAULT_REGION=us-east-1 sam validate --lint --template-file infra/template.yaml
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(LOCAL) $(VENV_PYTHON) -m unittest discover -q -b -s $(LOCAL)/tests

test-e2e: ## The browser's way through a running stack (brings one up when none runs)
ifeq ($(HAS_DASHBOARD),)
	@echo "test-e2e: no dashboard/package.json, nothing to test"
else
	@$(MAKE) --no-print-directory setup-tests
	@$(MAKE) --no-print-directory up PROFILE=$(E2E_PROFILE)
	cd dashboard && npm run test:e2e
endif

screenshots: ## The pictures of the documentation, taken anew by the end-to-end test
	@SCREENSHOTS=docs $(MAKE) --no-print-directory test-e2e

advisories: setup-tests ## Known vulnerabilities in dependencies (needs the network)
	cargo deny check advisories

bench: setup-tests ## The figures of docs/figures, one JSON line each
	@if [ -x bench/run ]; then bench/run; else echo "bench: no bench/run yet"; exit 1; fi

bench-intelligence: ## Learnt models beside their peers, on the data beside the project (SCALE=0 PEERS=0: the quick half)
	@bench/intelligence/run

deploy: setup ## Deploy to AWS (STAGE=dev or prod; AWS credentials from the environment)
	@$(VENV_PYTHON) $(LOCAL)/cloud.py --stage $(STAGE)

routes: ## Write infra/routes.txt into the template
	$(PYTHON) $(LOCAL)/routes.py

lock: ## Resolve the pinned Python tools anew
	@$(PYTHON) $(LOCAL)/setup.py --lock

fmt: ## Format the Rust code
	cargo fmt --all
