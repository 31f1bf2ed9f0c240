# One virtual environment, made once: each install leaves a stamp file and is repeated only when
# pyproject.toml or the constraints change.
#
#   make demo PYTHON=python3.12     another interpreter (3.11 or newer)
#   make demo PIP_ARGS="..."        more options for pip, see constraints.txt about torch
#   make test                       all tests, in a process for each core
#   make test PYTEST_ARGS="-x"      more options for pytest
#   make test WORKERS=0             in one process, as a debugger needs it
#   make quick                      those of what git says has changed, without the slow ones
#   make quick CHANGED=tests        all but the slow ones
#   make quick PYTHON=python3.13 VENV=.venv-3.13
#   make other PYTHON=python3.13    with another Python, all but the slow ones
#   make reader                     without torch: reading and inspecting files
#   make lowest                     with the lowest versions that are declared
#   make lowest TORCH=2.13.0        but for torch
#   make lowest DO=environment      only install them; so for other, reader, newest
#   make newest                     with the newest that there are
#   make numeric                    what computes, in two processors' ways, with one thread and two
#   make recipes                    the recipes of docs/migrating.md, with what they say they need
#   make bench BENCH_ARGS="layer"   speed beside peers, measured in the same run
#   make bench-settings             the same under three processor settings, half an hour
#   make bench-growth               how cost grows, to 3,000 layers, 10,000 files and 1 GB
#   make generate                   what is made from the layer classes: exports, docs/layers.md
#   make docs                       the site of docs/, into build/html
#   make dist                       the wheel and the sdist, into dist/
#   make changelog VERSION=0.2.0    the notes of changes/ as that release, in CHANGELOG.md
#   make fuzz MINUTES=30 JOBS=2 SEED=1 FUZZ_ARGS="--peers"   damaged files, see docs/security.md
#   make fuzz FUZZ_ARGS="--through cli"                      the same through the command line
#   make fuzz-code MINUTES=1 SEED=1   mutated MATLAB code, see docs/custom-code.md

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
PIP_ARGS ?=
PYTEST_ARGS ?=
WORKERS ?= logical
OCTAVE ?= octave
MINUTES ?= 2
JOBS ?= 2
SEED ?= 1
FUZZ_ARGS ?=
BENCH_ARGS ?= --json benchmarks/speed.json
# Another torch for make lowest: where wheels hold CUDA, they are gigabytes.
TORCH ?=

# Compiled once, not in each of the processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

BIN := $(VENV)/bin
# A module's tests stay together: they share what its fixtures took long to make. Modules come in
# the order of tests/conftest.py, those with long tests first.
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
CHANGED = $$($(BIN)/python -m tests.changed)
LOWEST = $(if $(TORCH),$(VENV)-lowest.txt,constraints-lowest.txt)
# What quick installs: dev, test, or reader; and what is done with it.
NEEDS ?= dev
DO ?= quick
QUICK = $(PYTEST) -m 'not (slow or real or octave or browser)' --ignore tests/fuzz
# What is exported and drawn is the same on every processor.
NUMERIC = OMP_WAIT_POLICY=passive $(PYTEST) -m 'not (slow or octave or browser)' \
    -k 'not (export and batch)' --ignore tests/matlab_compat/parity/reports \
    tests/matlab_compat tests/truth
INSTALL = $(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) $(PIP_ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo recipes test environment quick other reader lowest newest numeric numeric-default numeric-avx2 fuzz fuzz-code bench bench-settings bench-growth lint types generate docs dist changelog fixtures clean

help:
	@sed -n 's/^#   make/make/p' Makefile

demo: $(VENV)/demo.stamp
	$(BIN)/matlab-compat verify fixtures/same_odd.v7.mat

recipes: $(VENV)/demo.stamp
	$(BIN)/python -W error -m tests.docs.snippets docs/migrating.md

test: $(VENV)/dev.stamp
	$(PYTEST) $(PYTEST_ARGS)

environment: $(VENV)/$(NEEDS).stamp

quick: environment
	$(QUICK) $(PYTEST_ARGS) $(CHANGED)

reader:
	$(MAKE) $(DO) VENV=$(VENV)-reader NEEDS=reader CHANGED=tests

other:
	$(MAKE) $(DO) VENV=$(VENV)-other NEEDS=test CHANGED=tests

lowest: $(LOWEST)
	$(MAKE) $(DO) VENV=$(VENV)-lowest NEEDS=test CHANGED=tests CONSTRAINTS=$(LOWEST)

$(VENV)-lowest.txt: constraints-lowest.txt
	sed 's/^torch==.*/torch==$(TORCH)/' $< >$@

newest:
	rm -f $(VENV)-newest/*.stamp
	$(MAKE) $(DO) VENV=$(VENV)-newest NEEDS=test CHANGED=tests \
	    CONSTRAINTS=/dev/null PIP_ARGS='--upgrade --upgrade-strategy eager $(PIP_ARGS)'

numeric: numeric-default numeric-avx2

numeric-default: $(VENV)/dev.stamp
	ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 OMP_NUM_THREADS=1 $(NUMERIC)

numeric-avx2: $(VENV)/dev.stamp
	ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=2 $(NUMERIC)

fuzz: $(VENV)/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m tests.fuzz --minutes $(MINUTES) --jobs $(JOBS) \
	    --seed $(SEED) $(FUZZ_ARGS)

fuzz-code: $(VENV)/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m tests.fuzz.code --minutes $(MINUTES) --seed $(SEED)

bench: $(VENV)/bench.stamp
	OMP_NUM_THREADS=2 $(BIN)/python -W ignore -m benchmarks.speed $(BENCH_ARGS)

bench-settings: $(VENV)/bench.stamp
	OMP_NUM_THREADS=2 $(BIN)/python -m benchmarks.speed.settings $(BENCH_ARGS)

bench-growth: $(VENV)/bench.stamp
	OMP_NUM_THREADS=2 $(BIN)/python -W ignore -m benchmarks.speed growth --complete

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy --strict

generate: $(VENV)/dev.stamp
	$(BIN)/python -m tests.generate

# Warnings are errors: links that lead nowhere, documentation that cannot be read.
docs: $(VENV)/dev.stamp
	mkdir -p build
	$(BIN)/towncrier build --draft --version 'Not yet released' | sed 's|](docs/|](|g' \
	    >build/unreleased.md
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env \
	    --jobs auto --doctree-dir build/doctrees docs build/html

dist: $(VENV)/dev.stamp
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*

changelog: $(VENV)/dev.stamp
	$(BIN)/towncrier build --yes --version $(VERSION)

fixtures:
	$(OCTAVE) --norc --quiet fixtures/octave/make_fixtures.m fixtures
	$(OCTAVE) --norc --quiet fixtures/octave/code_results.m fixtures/octave
	$(BIN)/python -m fixtures.code.make_styles
	$(OCTAVE) --norc --quiet fixtures/octave/make_kinds.m fixtures/kinds
	$(BIN)/python -m fixtures.kinds.make_kinds
	$(BIN)/python -m fixtures.pictures.make_pictures
	$(OCTAVE) --norc --quiet fixtures/octave/make_matconvnet.m fixtures/matconvnet

clean:
	rm -rf $(VENV) $(VENV)-* build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The recipes write safetensors, and the README's first screen reads a picture.
$(VENV)/demo.stamp: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(INSTALL) --editable '.[images,safetensors]'
	@touch $@

$(VENV)/test.stamp $(VENV)/dev.stamp: $(VENV)/%.stamp: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(INSTALL) --editable '.[$*]'
	@touch $@

# pip cannot leave one requirement out; the constraints name all that there are.
$(VENV)/reader.stamp: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	sed '/^torch==/d; /^# The site/,$$d' $(CONSTRAINTS) >$(VENV)/reader.txt
	$(BIN)/python -m pip install --quiet --no-deps $(PIP_ARGS) --requirement $(VENV)/reader.txt --editable .
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
