# Everything starts here: `make run` opens avrdeck, `make test` runs the tests.
# Both set up what they need in .venv; nothing is installed outside this folder.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST ?= -n auto

.PHONY: run test lint types contracts wheel check bench faults screenshots clean

run: $(VENV)/.run
	@$(BIN)/avrdeck -P sim:

test: $(VENV)/.dev
	@$(BIN)/python -m pytest $(PYTEST)

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@$(BIN)/mypy

contracts: $(VENV)/.dev
	@$(BIN)/lint-imports

wheel: $(VENV)/.dev
	@rm -rf dist
	@$(BIN)/python -m build --wheel --outdir dist . >/dev/null
	@$(BIN)/check-wheel-contents dist

check: test lint types contracts wheel

bench: $(VENV)/.dev
	@cd tests && ../$(BIN)/python -m benchmarks $(BENCH)

# Faults at every step of every job, then 5,000 random keys on the app: a quarter of an hour on two idle cores.
# FAULTS=50 tries that many of each.
faults: $(VENV)/.dev
	@cd tests && ../$(BIN)/python -m jobs.campaign $(if $(FAULTS),--sample $(FAULTS))
	@AVRDECK_MONKEY=$(or $(FAULTS),5000) $(BIN)/python -m pytest -q -s tests/tui/test_monkey.py

screenshots: $(VENV)/.dev
	@$(BIN)/python -m avrdeck.tui.gallery screenshots

clean:
	@rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "avrdeck needs Python 3.11 or newer: $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python cannot make virtual environments here. On Debian: sudo apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# `uv run` leaves an environment without pip, and old pips know no --group.
$(VENV)/.pip: | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/.pip
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.pip
	@$(PIP) install --constraint constraints.txt --editable . --group dev
	@touch $@ $(VENV)/.run
