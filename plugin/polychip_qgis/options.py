# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's page in Settings ▸ Options: where the engine is."""

from __future__ import annotations

import sys

from qgis.core import QgsApplication, QgsSettings
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from .about import icon
from .engine import SETTING, Places, places
from .engine_check import EngineCheck, EngineReport, diagnostics
from .translation import tr

PAGE_NAME = "mOptionsPagePolychip"
_COMMANDS = (
    {
        "venv": "py -3 -m venv polychip-engine",
        "pip": r"polychip-engine\Scripts\pip install polychip",
    }
    if sys.platform == "win32"
    else {
        "venv": "python3 -m venv polychip-engine",
        "pip": "polychip-engine/bin/pip install polychip",
    }
)
"""What a user types to set the engine up by hand."""


class PolychipOptionsPage(QgsOptionsPageWidget):
    """Path to the engine, a test of it, and the diagnostics."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(PAGE_NAME)
        self._check = EngineCheck(self)
        self._check.finished.connect(self._show_report)
        self._make_widgets()
        self._lay_out()

    def _make_widgets(self) -> None:
        self.how_to = QLabel(
            tr(
                "The engine cuts the chips. It runs outside QGIS, in a Python environment of its "
                "own (Python 3.11 to 3.13). Make one with “{venv}”, install the engine with "
                "“{pip}”, and choose the folder polychip-engine here."
            ).format(**_COMMANDS)
        )
        self.how_to.setObjectName("engineHowTo")
        self.how_to.setWordWrap(True)
        self.how_to.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.path = QgsFileWidget()
        self.path.setObjectName("enginePath")
        self.path.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.path.setDialogTitle(tr("Select the Engine’s Environment"))
        self.path.setFilePath(places().option)
        self.path.setToolTip(
            tr(
                "Folder of the Python environment that holds polychip, or the polychip program "
                "itself; "
                "empty to look in the usual places"
            )
        )
        self.path.fileChanged.connect(self._forget_report)
        self.test_button = QPushButton(tr("Test Engine"))
        self.test_button.setObjectName("testEngine")
        self.test_button.setToolTip(tr("Start the engine once and show its version"))
        self.test_button.clicked.connect(self.test)
        self.copy_button = QPushButton(tr("Copy Diagnostics"))
        self.copy_button.setObjectName("copyDiagnostics")
        self.copy_button.setToolTip(tr("Copy what a bug report needs to the clipboard"))
        self.copy_button.clicked.connect(self.copy_diagnostics)
        self.result = QLabel()
        self.result.setObjectName("engineResult")
        self.result.setWordWrap(True)
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details = QPlainTextEdit()
        self.details.setObjectName("engineDiagnostics")
        self.details.setReadOnly(True)
        self.details.setPlainText(diagnostics(self._places(), None))

    def _lay_out(self) -> None:
        engine_group = QGroupBox(tr("Engine"))
        engine_group.setObjectName("engineGroup")
        form = QFormLayout(engine_group)
        form.addRow(self.how_to)
        form.addRow(tr("Environment or program"), self.path)
        buttons = QHBoxLayout()
        buttons.addWidget(self.test_button)
        buttons.addWidget(self.result, 1)
        form.addRow(buttons)
        details_group = QGroupBox(tr("Diagnostics"))
        details_group.setObjectName("diagnosticsGroup")
        column = QVBoxLayout(details_group)
        column.addWidget(self.details)
        copy_row = QHBoxLayout()
        copy_row.addWidget(self.copy_button)
        copy_row.addStretch(1)
        column.addLayout(copy_row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(engine_group)
        layout.addWidget(details_group, 1)

    def apply(self) -> None:
        """Keep the path; QGIS calls this when the dialog is accepted."""
        QgsSettings().setValue(SETTING, self.path.filePath().strip())

    def test(self) -> None:
        """Ask the engine at the path in the field, kept or not."""
        self.test_button.setEnabled(False)
        self.result.setText(tr("Starting the engine…"))
        self._check.start(self._places())

    def copy_diagnostics(self) -> None:
        """Put the diagnostics on the clipboard."""
        QgsApplication.clipboard().setText(self.details.toPlainText())

    def _places(self) -> Places:
        return places()._replace(option=self.path.filePath().strip())

    def _show_report(self, report: EngineReport) -> None:
        self.test_button.setEnabled(True)
        self.result.setText(report.message)
        self.details.setPlainText(diagnostics(self._places(), report))

    def _forget_report(self) -> None:
        self._check.cancel()
        self.test_button.setEnabled(True)
        self.result.clear()
        self.details.setPlainText(diagnostics(self._places(), None))


class PolychipOptionsFactory(QgsOptionsWidgetFactory):
    """Makes the page whenever the options dialog opens."""

    def __init__(self) -> None:
        super().__init__("Polychip", icon())

    def icon(self) -> QIcon:
        """The icon in the dialog's list."""
        return icon()

    def createWidget(self, parent: QWidget | None = None) -> PolychipOptionsPage:
        """The page; the dialog owns it."""
        return PolychipOptionsPage(parent)
