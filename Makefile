# `make demo` and `make test` do everything on a fresh machine with Python 3.11 or newer: no other command is needed first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint requirements/constraints.txt

OLD_WARNINGS := -W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning -W ignore::FutureWarning

.PHONY: demo test test-lowest smoke check lint clean gate-statistics gate-looks gate-a-a gate-faults gate-memory gate-cuda gate-plain bench

demo: .venv/installed  ## set up and run a real study on the digits that come with scikit-learn
	$(BIN)/ceteris run quickstart

test: .venv/installed-dev  ## set up and run the tests
	$(BIN)/python -m pytest --numprocesses auto

test-lowest: .venv-lowest/installed  ## the tests with the oldest versions that pyproject.toml allows, in an environment of their own; needs Python 3.11 or 3.12
	.venv-lowest/bin/python -m pytest --numprocesses auto $(OLD_WARNINGS)

smoke: .venv/installed-dev  ## every built-in study through the command line, on images of noise; minutes
	$(BIN)/python -m pytest tests/smoke -m smoke --durations 0

gate-statistics: .venv/installed  ## false wins and coverage over simulated studies; minutes
	$(BIN)/python -m gates.statistics

gate-looks: .venv/installed  ## false words and trials saved over studies with looks, through the scheduler; minutes
	$(BIN)/python -m gates.looks

gate-a-a: .venv/installed  ## false alarms and a planted difference on CIFAR-10 images in DATA (OPTIONS=--allow-modified-data); half an hour
	$(if $(DATA),,$(error say where CIFAR-10 lies: make gate-a-a DATA=folder))
	$(BIN)/python -m gates.a_a --data-dir "$(DATA)" $(OPTIONS)

gate-faults: .venv/installed-dev  ## faults injected on purpose, and what became of each; OPTIONS=--short takes minutes
	$(BIN)/python -m gates.faults $(OPTIONS)

gate-memory: .venv/installed  ## memory of decoding and training at two folder sizes (Linux); minutes
	$(BIN)/python -m gates.memory

gate-cuda: .venv/installed  ## what only a CUDA device can show of the engine; half a minute
	$(BIN)/python -m gates.cuda

gate-plain: .venv/installed-bench  ## accuracy beside the usual script on CIFAR-10 images in DATA (OPTIONS=--allow-modified-data)
	$(if $(DATA),,$(error say where CIFAR-10 lies: make gate-plain DATA=folder))
	$(BIN)/python -m gates.plain --data-dir "$(DATA)" $(OPTIONS)

bench: .venv/installed-bench  ## speed beside the usual script, Lightning and the machine's limit (OPTIONS="--data-dir folder"); a quarter of an hour
	$(BIN)/python -m bench $(OPTIONS)

check: lint test  ## everything that CI checks

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv .venv-lowest build *.egg-info

.venv-lowest/installed: pyproject.toml requirements/lowest.txt
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip --disable-pip-version-check install --quiet --constraint requirements/lowest.txt --editable '.[test]'
	touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml requirements/constraints.txt | .venv/bin/python
	$(PIP) --editable .
	touch $@

.venv/installed-bench: pyproject.toml requirements/constraints.txt | .venv/bin/python
	$(PIP) --editable '.[bench]'
	touch .venv/installed $@

.venv/installed-dev: pyproject.toml requirements/constraints.txt | .venv/bin/python
	$(PIP) --editable '.[dev]'
	touch .venv/installed $@
