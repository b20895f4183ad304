# Two commands from a fresh clone, with Python 3.11 or newer and make:
#   make serve   sets up an environment and starts the endpoint (PASSROLE_PORT and its like are honored)
#   make test    sets up everything that the tests need and runs them all

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
NODE_PACKAGES := tests/sdk/node_modules
CDK := examples/5-cdk-app/node_modules
SIMULATOR := tools/iam_simulate/node_modules
PEERS := .bench-peers
# The wheel whose engine is compiled, in an environment of its own with what the tests need.
COMPILED := .compiled
ENGINE := hatch_build.py pyproject.toml $(wildcard src/passrole/values/*.py src/passrole/policy/*.py src/passrole/decision/*.py)
# Installed again when pyproject.toml changes, and then alone.
SERVES := $(VENV)/.serves
TESTS := $(VENV)/.tests
PROVES := $(VENV)/.proves
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help serve test lint pytest bench prove differential catalog node-packages cdk-packages wheel wheels compiled clean
.DEFAULT_GOAL := help

help:  ## What there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

serve: $(SERVES)  ## Start the endpoint; ARGS="--ephemeral …" adds flags
	@exec $(BIN)/passrole serve $(ARGS)

test: lint pytest  ## Format, lint, strict types, floors, and every test but the long proofs

lint: $(TESTS)  ## Format, lint, strict types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Tests of one file share what its fixtures start, so a file stays on one worker.
pytest: $(TESTS) node-packages cdk-packages
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

bench: $(TESTS) $(PEERS)/.installed $(SIMULATOR)/.installed $(COMPILED)/.installed  ## Benchmarks, each beside its target and its peers
	$(BIN)/python -m bench.decision --peers $(PEERS)/bin/python --compiled $(COMPILED)/bin/python
	$(BIN)/python -m bench.pass_matrix --peers $(PEERS)/bin/python
	$(BIN)/python -m bench.who_can_pass
	$(BIN)/python -m bench.escalations
	$(BIN)/python -m bench.audit --peers $(PEERS)/bin/python
	$(BIN)/python -m bench.store
	$(BIN)/python -m bench.large_account
	$(BIN)/python -m bench.embedded
	$(BIN)/python -m bench.endpoint
	$(BIN)/python -m tools.catalog_figures

prove: $(PROVES) compiled  ## The long proofs, which make test leaves out
	$(BIN)/python -m pytest -m prove $(PYTEST_ARGS)

differential: $(TESTS) $(SIMULATOR)/.installed  ## The engine beside an outside policy simulator
	$(BIN)/python -m tools.iam_simulate.compare --write docs/iam-simulate-differences.md $(ARGS)

catalog: $(TESTS)  ## Build the catalog's data from the installed service models
	$(BIN)/python -m tools.build_catalog
	$(BIN)/python -m tools.deployed_types

node-packages: $(NODE_PACKAGES)/.installed  ## The JavaScript SDK, which tests play as a client

cdk-packages: $(CDK)/.installed  ## The AWS CDK, which an example deploys with

wheel: $(SERVES)  ## Build dist/passrole-….whl
	$(PIP) wheel --no-deps --wheel-dir dist .

wheels: $(TESTS)  ## Build dist/pure/….whl and dist/compiled/….whl, and check what is in them
	$(BIN)/python -m tools.wheels

compiled: $(COMPILED)/.installed node-packages  ## The tests of the engine on the wheel that has it compiled
	$(COMPILED)/bin/python -c 'from passrole.decision import evaluate as e; assert not e.__file__.endswith(".py"), e.__file__'
	$(COMPILED)/bin/python -m pytest tests/values tests/policy tests/decision tests/reference tests/cases $(PYTEST_ARGS)

clean:  ## Remove what was set up and built
	rm -rf $(VENV) $(PEERS) $(COMPILED) $(NODE_PACKAGES) $(CDK) $(SIMULATOR) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "passrole needs Python 3.11 or newer; name one with make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'

$(SERVES): pyproject.toml | $(BIN)/python
	$(PIP) install --editable .
	@touch $@

$(TESTS): $(SERVES)
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --group dev
	@touch $@

$(PEERS)/.installed: bench/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --requirement bench/peers.txt
	@touch $@

$(COMPILED)/.installed: $(ENGINE) | $(TESTS)
	$(MAKE) wheels
	test -x $(COMPILED)/bin/python || $(PYTHON) -m venv $(COMPILED)
	$(COMPILED)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	$(COMPILED)/bin/python -m pip --disable-pip-version-check --quiet install --group dev
	$(COMPILED)/bin/python -m pip --disable-pip-version-check --quiet install dist/compiled/passrole-*.whl
	$(COMPILED)/bin/python -m pip --disable-pip-version-check --quiet install --force-reinstall --no-deps dist/compiled/passrole-*.whl
	@touch $@

$(PROVES): $(TESTS)
	$(PIP) install --group prove
	@touch $@

%/node_modules/.installed: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "$* needs Node.js 20 or newer with npm: install them" >&2; exit 1; }
	npm ci --prefix $* --no-audit --no-fund --loglevel=error
	@touch $@
