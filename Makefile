# Two commands do everything: `make demo` and `make test`. Both work in a
# virtual environment inside the checkout and are safe to repeat.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

# The environment is made again when what it is made from changes. Folders are
# named for files that come or go.
SOURCES := setup.py pyproject.toml MANIFEST.in runtime/_build_engine.py \
	$(wildcard build_backend/*.py) \
	$(shell find csrc -type d -o -name '*.[ch]' -o -name '*.def' -o -name '*.inc') \
	$(shell find runtime converters -name '__init__.py')

.PHONY: help demo test check bench-check lint format fuzz tools clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python $(SOURCES)
	@echo "Setting up $(VENV) (compiler and emulator come from pip) ..."
	$(BIN)/python -m pip install --quiet -e '.[emulator]'
	@touch $@

$(VENV)/.test: $(VENV)/bin/python $(SOURCES)
	@echo "Setting up $(VENV) for the tests ..."
	$(BIN)/python -m pip install --quiet -e '.[test]'
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo ## convert the digits network, run it on an emulated Cortex-M4, compare
	$(BIN)/spikelet demo

test: $(VENV)/.test lint ## everything
	$(BIN)/python -m pytest -n $(JOBS)

check: $(VENV)/.test lint ## the fast part, for daily use
	$(BIN)/python -m pytest -n $(JOBS) -m 'not slow'

bench-check: $(VENV)/.test ## count again: a line of the record that grew by 2 % fails (SET=small: a minute)
	$(BIN)/python -m benchmarks.counts $(if $(filter small,$(SET)),--small)

fuzz: $(VENV)/.test ## the fuzz targets of images and frames, a minute each
	SPIKELET_FUZZ_SECONDS=60 $(BIN)/python -m pytest tests/fuzz

lint: $(VENV)/.test ## ruff, mypy --strict, clang-format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/lint_types.py
	find csrc firmware tests benchmarks -name '*.[ch]' | xargs $(BIN)/clang-format --dry-run --Werror

format: $(VENV)/.test ## rewrite sources in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find csrc firmware tests benchmarks -name '*.[ch]' | xargs $(BIN)/clang-format -i

tools: ## as root on Debian: QEMU, cross compilers, clang with libFuzzer
	apt-get update
	apt-get install -y --no-install-recommends gcc g++ libc6-dev clang \
		gcc-arm-none-eabi gcc-riscv64-unknown-elf \
		qemu-system-arm qemu-system-misc
	apt-get install -y --no-install-recommends $$(clang --version | \
		sed -n 's/.*version \([0-9]*\).*/libclang-rt-\1-dev/p')
	@# Newer releases have libFuzzer in the package before.
	apt-get install -y --no-install-recommends $$(clang --version | \
		sed -n 's/.*version \([0-9]*\).*/libfuzzer-\1-dev/p') || true

clean: ## remove what was built
	rm -rf build dist *.egg-info $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
