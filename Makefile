# On a fresh machine: `make demo` runs the main job, `make test` passes the tests; both set up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RUNS ?= runs
export OMP_NUM_THREADS ?= 1
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --durations 10

.PHONY: setup demo test lint check ui clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@echo "installing the tested versions into $(VENV): about 7 GB, some minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" LONGTAIL_RUNS=$(RUNS) sh experiments/demo.sh

test: $(READY)
	$(PYTEST) -m "not gpu or gpu"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint
	$(PYTEST)

ui: $(READY)
	$(BIN)/python -m dashboards.ui --runs $(RUNS)

clean:
	rm -rf $(RUNS) .mypy_cache .ruff_cache .pytest_cache .hypothesis
