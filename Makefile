# `make` or `make help` lists what can be done.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
REGION := us-east-1
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ------------------------------------------------------------------ for everybody
.PHONY: install
install: .venv/installed ## Create .venv with everything the other targets need

.PHONY: demo
demo: install ## Start the platform, load the samples, ask six questions
	@$(BIN)/python -m ons_local.demo

.PHONY: influxd
influxd: ## Build InfluxDB 2.7 into .influxd, once; 5 minutes, needs Go, cargo and cc
	@tools/influxd/build .influxd

.PHONY: test
test: install ## Run the whole test suite with the coverage gate
	@$(BIN)/python -m pytest -m "not shared" --numprocesses auto --dist loadfile --durations 12 --cov --cov-report=term

# ------------------------------------------------------------------ for contributors
.PHONY: lint
lint: install ## Check style, imports between rooms, templates and hooks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/cfn-lint --regions $(REGION) -- template.yaml stacks/*.yaml
	@$(BIN)/sam validate --lint --region $(REGION)
	@$(BIN)/pre-commit validate-config

.PHONY: types
types: install ## Check types (mypy --strict)
	@$(BIN)/mypy

.PHONY: fluxcheck
fluxcheck: install ## Hold our parser and every Flux we write against the reference; needs node, npm
	@npm ci --silent --no-audit --no-fund --prefix tools/fluxcheck
	@$(BIN)/python tools/fluxcheck/compare.py
	@$(BIN)/python tools/fluxcheck/emitted.py --plans 500

.PHONY: format
format: install ## Format the code and sort its imports
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: build
build: install ## Build layer and functions as AWS gets them; print their sizes
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/sam build --region $(REGION) --parallel
	@$(BIN)/python scripts/layer_sizes.py

.PHONY: lock
lock: install ## Resolve the dependencies anew and pin them
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable ".[dev]"
	@$(BIN)/python scripts/lock.py

.PHONY: clean
clean: ## Remove what the other targets made, data of the demo included
	rm -rf .venv .aws-sam .influxd .ons .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} + -o -name '*.egg-info' -prune -exec rm -rf {} +

# ------------------------------------------------------------------ the environment
.venv/installed: .venv/bin/pip requirements-test.txt pyproject.toml layers/ons_platform/pyproject.toml
	@echo "Installing the pinned dependencies into .venv (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements-test.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable layers/ons_platform --editable .
	@touch $@

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "This project needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)." >&2; \
	  echo "Install one and name it: make install PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { \
	  echo "$(PYTHON) cannot create environments; on Debian and Ubuntu install python3-venv." >&2; exit 1; }
