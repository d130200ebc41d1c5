# `make` alone lists what there is. PYTHON=python3.12 picks the interpreter, VENV=DIR the
# folder of the virtual environment, OCR_DATA=DIR the data of tests and benchmarks.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PICTURES = $(wildcard examples/*.png examples/*.jpg examples/*.webp)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-oldest lint format docs lab bench accuracy dist clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.installed ## set everything up and read the pictures of examples/
	$(BIN)/ocr read $(PICTURES)

test: $(VENV)/.installed-dev ## set everything up and run the tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4

test-oldest: build/oldest/.installed ## the tests with the oldest packages that setup.cfg allows
	build/oldest/bin/python -m pytest -n auto --maxprocesses 4

lint: $(VENV)/.installed-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-dev ## write docs/cli.md and, where chromium and playwright are, docs/review.png anew
	$(BIN)/python docs/cli_reference.py
	$(BIN)/python docs/review_picture.py

lab: $(VENV)/.installed-dev ## run the experiments of docs/lab.md and draw them anew (half an hour; needs torch)
	$(BIN)/python docs/lab.py

bench: $(VENV)/.installed-dev ## speed of training, reading and start (against torch where installed)
	$(BIN)/python benchmarks/bench.py

accuracy: $(VENV)/.installed-dev ## errors on photos, pages and characters, for each shipped model
	$(BIN)/python benchmarks/accuracy.py

dist: $(VENV)/.installed-dev ## wheel and source archive in dist/
	$(BIN)/python -m build --outdir dist .

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist ocr_cli.egg-info

$(VENV)/.installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"ocr needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

build/oldest/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv build/oldest
	sed -n '/^install_requires/,/^\[/s/^ \+\(.*\)>=/\1==/p' setup.cfg > build/oldest/constraints.txt
	build/oldest/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint build/oldest/constraints.txt --editable '.[test]'
	@touch $@
