# The QGIS plugin: build it, link it into the local profile, test it on the machine's own QGIS.
PYTHON ?= python3
# QGIS's own interpreter; Debian's QGIS runs on the system's Python.
QGIS_PYTHON ?= /usr/bin/python3
QGIS_VENV := .venv-qgis
QGIS_READY := $(QGIS_VENV)/.ready

.PHONY: plugin plugin-link test-qgis test-qgis-newer

plugin:
	$(PYTHON) plugin/build.py

plugin-link:
	$(PYTHON) plugin/link.py

# PyQt6 lies in a folder of its own: beside PyQt5 it would be imported into QGIS's tests.
$(QGIS_READY): plugin.mk scripts/install_qgis.sh
	bash scripts/install_qgis.sh
	$(QGIS_PYTHON) -m venv --clear --system-site-packages $(QGIS_VENV)
	$(QGIS_VENV)/bin/python -m pip install -q "pytest>=8" "pytest-qgis>=2.1" "bandit>=1.7" "detect-secrets>=1.5"
	$(QGIS_VENV)/bin/python -m pip install -q --target $(QGIS_VENV)/qt6 "PyQt6>=6.5"
	touch $@

# The settings folder is pytest-qgis's; a stale one would carry a former run's settings into this one.
# `install-test` is the Makefile's: exports that are tested run the real engine in .venv, and scikit-image
# there is asked for the right answers.
test-qgis: install-test $(QGIS_READY)
	rm -rf tests/qgis/.qgis-settings
	home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && chmod 700 "$$home" && \
	HOME="$$home" XDG_RUNTIME_DIR="$$home" QT_QPA_PLATFORM=offscreen LC_ALL=C.UTF-8 \
	  $(QGIS_VENV)/bin/python -m pytest -q tests/qgis

# The same tests on QGIS 3.40 and 3.44, each in a Debian folder that is built once (root, 3 GB each);
# pictures in artifacts/trixie and artifacts/sid.
NEWER ?= trixie sid
test-qgis-newer:
	for suite in $(NEWER); do \
	  bash scripts/newer_qgis.sh $$suite python -m pytest -q tests/qgis || exit 1; \
	done
