# One virtual environment, made once: each install leaves a stamp file and is repeated only when
# pyproject.toml or constraints.txt changes.
#
#   make demo PYTHON=python3.12     another interpreter (3.11 or newer)
#   make demo PIP_ARGS="..."        more options for pip, see constraints.txt about torch
#   make test PYTEST_ARGS="-x"      more options for pytest
#   make test WORKERS=0             in one process, as a debugger needs it
#   make bench BENCH_ARGS="layer"   speed beside peers, measured in the same run
#   make fuzz MINUTES=30 JOBS=2 SEED=1 FUZZ_ARGS="--peers"   damaged files, see docs/security.md
#   make fuzz FUZZ_ARGS="--through cli"                      the same through the command line

PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
PYTEST_ARGS ?=
WORKERS ?= logical
OCTAVE ?= octave
MINUTES ?= 2
JOBS ?= 2
SEED ?= 1
FUZZ_ARGS ?=
BENCH_ARGS ?= --json benchmarks/speed.json

BIN := $(VENV)/bin
# A module's tests stay together: they share what its fixtures took long to make.
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile
INSTALL = $(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz bench lint types fixtures clean

help:
	@echo "make demo | test | fuzz | bench | lint | types | fixtures | clean"

demo: $(VENV)/demo.stamp
	$(BIN)/matlab-compat verify fixtures/same_odd.v7.mat

test: $(VENV)/dev.stamp
	$(PYTEST) $(PYTEST_ARGS)

fuzz: $(VENV)/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m tests.fuzz --minutes $(MINUTES) --jobs $(JOBS) \
	    --seed $(SEED) $(FUZZ_ARGS)

bench: $(VENV)/bench.stamp
	OMP_NUM_THREADS=2 $(BIN)/python -W ignore -m benchmarks.speed $(BENCH_ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy --strict

fixtures:
	$(OCTAVE) --norc --quiet fixtures/octave/make_fixtures.m fixtures

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/demo.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[dev]'
	@touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	$(INSTALL) --editable '.[bench]'
	@touch $@

# Debian ships Python without ensurepip, so that "python3 -m venv" fails half-way; virtualenv brings
# its own pip. A pip that calls the system "externally managed" must be told that --user is meant.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	    "Python 3.11 or newer is needed; name one, e.g.: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { \
	    rm -rf $(VENV); \
	    echo "python3 -m venv did not work: trying virtualenv"; \
	    { $(PYTHON) -m virtualenv --version >/dev/null 2>&1 \
	        || $(PYTHON) -m pip install --quiet --user virtualenv \
	        || $(PYTHON) -m pip install --quiet --user --break-system-packages virtualenv; } \
	    && $(PYTHON) -m virtualenv --quiet $(VENV); } || { \
	    rm -rf $(VENV); \
	    echo "No virtual environment could be made; on Debian: apt-get install python3-venv" >&2; \
	    exit 1; }
