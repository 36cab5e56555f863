# make run    the whole workshop, from nothing to a report
# make test   lint, types, tests
# On Linux without a GPU, make run TORCH_INDEX=https://download.pytorch.org/whl/cpu
# takes the small CPU build of PyTorch.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: run test lint clean

run: .venv/installed
	$(BIN)/cnnlab workshop
	@echo "For more: source $(BIN)/activate, then cnnlab --help"

test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cnnlab needs Python 3.11 or newer: make run PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(PIP) --editable '.[fast]'
	touch $@

.venv/dev: .venv/installed
	$(PIP) --group dev
	touch $@

clean:
	rm -rf .venv
