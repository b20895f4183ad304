# Two commands from a fresh clone, with Python 3.11 or newer and make:
#   make serve   sets up an environment and starts the endpoint (PASSROLE_PORT and its like are honored)
#   make test    sets up everything that the tests need and runs them all

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
NODE_PACKAGES := tests/sdk/node_modules
SIMULATOR := tools/iam_simulate/node_modules
# Installed again when pyproject.toml changes, and then alone.
SERVES := $(VENV)/.serves
TESTS := $(VENV)/.tests
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help serve test lint pytest bench prove differential catalog node-packages wheel clean
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
pytest: $(TESTS) node-packages
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

bench: $(TESTS)  ## Benchmarks, each beside its target
	$(BIN)/python -m bench.decision
	$(BIN)/python -m bench.who_can_pass
	$(BIN)/python -m bench.store
	$(BIN)/python -m bench.embedded
	$(BIN)/python -m bench.endpoint

prove: $(TESTS)  ## The long proofs, which make test leaves out
	$(BIN)/python -m pytest -m prove $(PYTEST_ARGS)

differential: $(TESTS) $(SIMULATOR)/.installed  ## The engine beside an outside policy simulator
	$(BIN)/python -m tools.iam_simulate.compare --write docs/iam-simulate-differences.md $(ARGS)

catalog: $(TESTS)  ## Build the catalog's data from the installed service models
	$(BIN)/python -m tools.build_catalog

node-packages: $(NODE_PACKAGES)/.installed  ## The JavaScript SDK, which tests play as a client

wheel: $(SERVES)  ## Build dist/passrole-….whl
	$(PIP) wheel --no-deps --wheel-dir dist .

clean:  ## Remove what was set up and built
	rm -rf $(VENV) $(NODE_PACKAGES) $(SIMULATOR) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

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

%/node_modules/.installed: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "$* needs Node.js 20 or newer with npm: install them" >&2; exit 1; }
	npm ci --prefix $* --no-audit --no-fund --loglevel=error
	@touch $@
