# `make` alone lists what there is. PYTHON=python3.12 picks the interpreter, VENV=DIR the
# folder of the virtual environment, OCR_DATA=DIR the data of tests and benchmarks, TESTS=PATHS
# which tests.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
TORCH_VENV ?= build/torch
OLDEST_VENV ?= build/oldest
OCRMYPDF_VENV ?= build/ocrmypdf
AXE ?= build/axe
AXE_CORE = $(AXE)/node_modules/axe-core/axe.min.js
# Its current version and the one before.
OCRMYPDF = 17.12.1 17.13.0
PYTEST = -m pytest -n auto --maxprocesses 4
PICTURES = $(wildcard examples/*.png examples/*.jpg examples/*.webp)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-slow test-browser test-torch test-oldest test-ocrmypdf lint format docs \
    docker lab bench accuracy mutants dist clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.installed ## set everything up and read the pictures of examples/
	$(BIN)/ocr read $(PICTURES)

test: $(VENV)/.installed-dev ## set everything up and run the tests
	$(BIN)/python $(PYTEST) $(TESTS)

test-slow: $(VENV)/.installed-dev ## the tests that take minutes
	$(BIN)/python $(PYTEST) -m slow

test-browser: $(VENV)/.installed-dev $(AXE_CORE) ## the correction page in Debian's chromium, judged by npm's axe-core
	AXE_CORE=$(AXE_CORE) $(BIN)/python $(PYTEST) -m slow tests/review

test-torch: $(TORCH_VENV)/.installed ## the tests that need PyTorch or wordfreq, in an environment that has them
	$(TORCH_VENV)/bin/python -c 'import torch, wordfreq'
	$(TORCH_VENV)/bin/python $(PYTEST) -m needs

test-oldest: $(OLDEST_VENV)/.installed ## the tests with the oldest packages that setup.cfg allows
	$(OLDEST_VENV)/bin/python $(PYTEST) $(TESTS)

test-ocrmypdf: $(OCRMYPDF:%=$(OCRMYPDF_VENV)-%/.installed) ## the plugin in OCRmyPDF, for which Ghostscript and Tesseract are needed
	for version in $(OCRMYPDF); do \
	    $(OCRMYPDF_VENV)-$$version/bin/python -m pytest -m slow -k ocrmypdf tests/test_api.py || exit 1; \
	done

mutants: $(VENV)/.installed-dev ## change decisions one by one: do the tests notice? (some minutes)
	$(BIN)/python benchmarks/mutants.py

lint: $(VENV)/.installed-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-dev ## write docs/cli.md, the manual page and, where chromium and playwright are, docs/review.png anew
	$(BIN)/python docs/cli_reference.py
	$(BIN)/python docs/man_page.py
	$(BIN)/python docs/review_picture.py

docker: ## an image that runs ocr, where Docker is
	docker build --tag ocr .

lab: $(VENV)/.installed-dev ## run the experiments of docs/lab.md and draw them anew (half an hour; needs torch)
	$(BIN)/python docs/lab.py

bench: $(VENV)/.installed-dev ## speed of training, reading and start; adds a line to benchmarks/history.jsonl
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

$(VENV)/.installed-dev: $(VENV)/.installed constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	    --editable '.[dev]'
	@touch $@

# A wheel of PyTorch that lies in a folder which pip knows (200 MB, for the processor) comes first;
# the registry's brings 2 GB for graphics cards.
$(TORCH_VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(TORCH_VENV)
	-$(TORCH_VENV)/bin/python -m pip install --quiet --no-index --no-deps torch
	$(TORCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[test,torch,language]'
	@touch $@

$(AXE_CORE):
	npm install --silent --no-audit --no-fund --prefix $(AXE) axe-core@4

$(OLDEST_VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(OLDEST_VENV)
	sed -n '/^install_requires/,/^\[/s/^ \+\(.*\)>=/\1==/p' setup.cfg > $(OLDEST_VENV)/oldest.txt
	$(OLDEST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint $(OLDEST_VENV)/oldest.txt --constraint constraints.txt --editable '.[test]'
	@touch $@

$(OCRMYPDF_VENV)-%/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(OCRMYPDF_VENV)-$*
	$(OCRMYPDF_VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check \
	    ocrmypdf==$* hypothesis pytest --editable '.[pdf]'
	@touch $@
