# Two commands are all it takes: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python

.PHONY: demo test test-engine test-nightly lint docs gallery clean install install-test help

help:
	@echo "make demo   install, build the sample dataset, say where its pictures are"
	@echo "make test   install, lint, and run all tests"
	@echo "make test-readers  read datasets with TorchGeo, TerraTorch, … (an environment of its own, 7 GB)"
	@echo "make test-nightly  50 kills, 10,000 fuzzed geometries, 500 fuzzed files (minutes)"
	@echo "make lint   ruff, mypy, import-linter"
	@echo "make plugin dist/polychip_qgis-VERSION.zip; make plugin-link puts it into your QGIS profile"
	@echo "make test-qgis-newer  the plugin's tests on QGIS 3.40 and 3.44 (root, Debian's packages)"
	@echo "make docs   docs/commands.md from what the commands print"
	@echo "make gallery  docs/targets.png from the sample"
	@echo "make bench  speed against a plain rasterio loop, pixels checked equal"
	@echo "make bench-burn, bench-plan, bench-memory  burning alone, a million chips planned, memory of workers"
	@echo "make bench-scale, bench-scaling, bench-scenes  growing numbers of chips, a second worker, many small scenes"
	@echo "make bench-peers  speed against rschip and geoai (an environment of its own, 7 GB)"

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); sh scripts/install_venv.sh && $(PYTHON) -m venv $(VENV); }

$(VENV)/.uv: $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(VENV)/.installed: $(VENV)/.uv pyproject.toml
	@$(UV) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed pyproject.toml
	@$(UV) --group test --group lint
	@touch $@

# The page that a dataset brings along is tested in a real browser.
$(VENV)/.chromium: scripts/install_chromium.sh $(VENV)/.installed-test
	@bash scripts/install_chromium.sh $(BIN)/python
	@touch $@

install: $(VENV)/.installed
install-test: $(VENV)/.installed-test

demo: install
	@$(BIN)/polychip demo -o demo-dataset --overwrite

test: install-test lint test-engine test-qgis

# A file's tests stay together: they share what its fixtures made.
PARALLEL := -n auto --maxprocesses 8 --dist loadfile

test-engine: install-test $(VENV)/.chromium
	$(BIN)/python -m pytest $(PARALLEL)

# Everything that a run of the tests only takes a sample of: kills, fuzzed geometries and files.
test-nightly: install-test
	$(BIN)/python -m pytest -m nightly tests/faults -n auto --maxprocesses 8

lint: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install
	$(BIN)/python scripts/make_docs.py

gallery: install
	$(BIN)/python scripts/make_gallery.py

include bench.mk
include plugin.mk
include readers.mk

clean:
	rm -rf $(VENV) $(QGIS_VENV) $(READERS_VENV) $(PEERS_VENV) dist artifacts demo-dataset bench-work .pytest_cache .mypy_cache .ruff_cache .hypothesis
