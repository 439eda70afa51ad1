# Every target works on a fresh checkout: it makes the environment it needs under .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
# The constraints pin every version; torch among them, so that pip never takes a CUDA build unasked.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
WORKERS ?= auto

.PHONY: install demo test test-slow check types docs bench clean

$(BIN)/python:
	$(PYTHON) -c "import sys; sys.exit('whence needs Python 3.11 or newer; try: make PYTHON=python3.11') if sys.version_info < (3, 11) else None"
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/core: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[ocr]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: $(STAMPS)/core
	$(BIN)/pip install --quiet --editable '.[all,dev]'
	@mkdir -p $(STAMPS) && touch $@

install: $(STAMPS)/core  ## whence with text reading, in .venv

demo: $(STAMPS)/core  ## draw the small world, index part of it, locate the rest, write demo/report.html
	$(BIN)/whence demo --out demo

test: $(STAMPS)/dev  ## the fast suite, in parallel
	$(BIN)/python -m pytest -q -n $(WORKERS)

test-slow: $(STAMPS)/dev  ## everything, the slow tests too
	$(BIN)/python -m pytest -q -n $(WORKERS) --slow

check: $(STAMPS)/dev  ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMPS)/dev  ## mypy --strict on src
	$(BIN)/mypy

docs: $(STAMPS)/dev  ## the documentation under site/
	$(BIN)/mkdocs build --strict

bench: $(STAMPS)/dev  ## speed and memory; JSON under benchmarks/results
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) $(STAMPS) site demo .pytest_cache .mypy_cache .ruff_cache
