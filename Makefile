# A thin face. Needs python3 (3.11 or newer) and make; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: verify test lint clean

verify: $(READY)  ## verify the whole catalogue, quick; the report is lemmaflow-report/report.html
	$(BIN)/lemmaflow verify --profile quick --out lemmaflow-report

test: $(READY)  ## all tests
	$(BIN)/python -m pytest -n auto

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

clean:  ## remove the environment, builds, caches and reports
	rm -rf $(VENV) build dist lemmaflow-report .hypothesis .pytest_cache .ruff_cache *.egg-info

# Installed again only when the pins or the dependencies change.
$(READY): constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lemmaflow needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
