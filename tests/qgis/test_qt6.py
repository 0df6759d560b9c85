"""Every Qt class and enum that the plugin uses is there in PyPI's PyQt6: looked up, not run.

QGIS 4 runs on Qt 6, where unscoped enums are gone. No such QGIS is to be had on the test machines.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

QGIS_SHIMS = {("QtWidgets", "QAction"): ("QtGui", "QAction")}
"""Where qgis.PyQt offers under Qt 6 what PyQt6 has elsewhere."""
QGIS_ADDITIONS = {"QtCore.QVariant.String", "QtCore.QVariant.Int", "QtCore.QVariant.LongLong"}
"""What qgis.PyQt adds under Qt 6 for old code's sake."""
LOOK_UP = """
import importlib, json, sys
missing = []
for dotted in json.load(sys.stdin):
    module, *names = dotted.split(".")
    thing = importlib.import_module("PyQt6." + module)
    for name in names:
        if not hasattr(thing, name):
            missing.append(dotted)
            break
        thing = getattr(thing, name)
json.dump(missing, sys.stdout)
"""


def uses_of_qt(source: str) -> set[str]:
    """'QtCore.Qt.DockWidgetArea.RightDockWidgetArea' and the like, of all taken from qgis.PyQt."""
    tree = ast.parse(source)
    homes = {}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and node.level == 0
            and (node.module or "").startswith("qgis.PyQt.")
        ):
            for alias in node.names:
                module = node.module.removeprefix("qgis.PyQt.")
                homes[alias.asname or alias.name] = QGIS_SHIMS.get(
                    (module, alias.name), (module, alias.name)
                )
    uses = {".".join(home) for home in homes.values()}
    for node in ast.walk(tree):
        chain = []
        while isinstance(node, ast.Attribute):
            chain.insert(0, node.attr)
            node = node.value
        if chain and isinstance(node, ast.Name) and node.id in homes:
            uses.add(".".join((*homes[node.id], *chain)))
    return uses - QGIS_ADDITIONS


def missing_in_qt6(uses: set[str]) -> list[str]:
    """Those that PyQt6 does not have; asked elsewhere, for two Qts in a process do not agree."""
    folder = os.environ.get("POLYCHIP_PYQT6", str(ROOT / ".venv-qgis" / "qt6"))
    assert (Path(folder) / "PyQt6").is_dir(), (
        f"no PyQt6 in {folder}; 'make test-qgis' puts it there"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": folder, "QT_QPA_PLATFORM": "offscreen"}
    run = subprocess.run(
        [sys.executable, "-s", "-c", LOOK_UP],
        input=json.dumps(sorted(uses)), env=environment,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


def test_every_qt_name_in_the_plugin_resolves_under_qt6(unpacked_plugin):
    uses = set()
    for path in unpacked_plugin.rglob("*.py"):
        uses |= uses_of_qt(path.read_text(encoding="utf-8"))
    assert "QtCore.Qt.DockWidgetArea.RightDockWidgetArea" in uses
    assert len(uses) > 30
    assert missing_in_qt6(uses) == []


def test_an_unscoped_enum_would_be_found():
    uses = uses_of_qt(
        "from qgis.PyQt.QtCore import Qt\nx = Qt.RightDockWidgetArea\ny = Qt.DockWidgetArea"
    )
    assert missing_in_qt6(uses) == ["QtCore.Qt.RightDockWidgetArea"]


def test_nothing_that_qt6_renamed_is_called(unpacked_plugin):
    for path in unpacked_plugin.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"exec_", "print_", "screenGeometry"}, (
                    f"{path.name}:{node.lineno}"
                )


if __name__ == "__main__":
    pytest.main([__file__])
