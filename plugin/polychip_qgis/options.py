# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's page in Settings ▸ Options: where the engine is."""

from __future__ import annotations

import sys
from pathlib import Path

from qgis.core import QgsApplication, QgsSettings
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from .about import icon
from .engine import SETTING, Places, places
from .engine_check import EngineCheck, EngineReport, diagnostics
from .engine_install import EngineInstall, default_plan
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
        self._install: EngineInstall | None = None
        self._make_widgets()
        self._make_installer()
        self._lay_out()

    def _make_widgets(self) -> None:
        self.how_to = QLabel(
            tr(
                "The engine cuts the chips. It runs outside QGIS, in a Python environment of its "
                "own (Python 3.11 to 3.13). To make one by hand: “{venv}”, then “{pip}”, and "
                "choose the folder polychip-engine here."
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

    def _make_installer(self) -> None:
        self.install_button = QPushButton(tr("Install Engine"))
        self.install_button.setObjectName("installEngine")
        self.install_button.setToolTip(
            tr("Make an environment for the engine and install it there; QGIS’s own stays as it is")
        )
        self.install_button.clicked.connect(self.install)
        self.wheels = QgsFileWidget()
        self.wheels.setObjectName("wheels")
        self.wheels.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.wheels.setDialogTitle(tr("Select the Folder of Wheels"))
        self.wheels.setToolTip(tr("A folder with downloaded packages; empty: the package registry"))
        self.offline = QCheckBox(tr("Use nothing but this folder (offline)"))
        self.offline.setObjectName("offline")
        self.offline.setToolTip(tr("Install without a network"))
        self.install_bar = QProgressBar()
        self.install_bar.setObjectName("installBar")
        self.install_bar.setTextVisible(False)
        self.install_bar.hide()
        self.install_text = QLabel()
        self.install_text.setObjectName("installText")
        self.install_text.setWordWrap(True)

    def _lay_out(self) -> None:
        engine_group = QGroupBox(tr("Engine"))
        engine_group.setObjectName("engineGroup")
        form = QFormLayout(engine_group)
        install_row = QHBoxLayout()
        install_row.addWidget(self.install_button)
        install_row.addWidget(self.install_text, 1)
        form.addRow(install_row)
        form.addRow(self.install_bar)
        form.addRow(tr("Folder of wheels"), self.wheels)
        form.addRow("", self.offline)
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

    def install(self) -> None:
        """Install the engine into the managed environment; pressed again, cancel that."""
        if self._install is not None:
            self._install.cancel()
            return
        plan = default_plan(self.wheels.filePath().strip(), offline=self.offline.isChecked())
        self._install = EngineInstall(plan, self)
        self._install.progressed.connect(self._show_install)
        self._install.finished.connect(self._installed)
        self.install_button.setText(tr("Cancel"))
        self.install_bar.setValue(0)
        self.install_bar.show()
        self._install.start()

    def _show_install(self, percent: int, text: str) -> None:
        self.install_bar.setValue(percent)
        self.install_text.setText(text)

    def _installed(self, worked: bool, message: str) -> None:
        install, self._install = self._install, None
        self.install_button.setText(tr("Install Engine"))
        self.install_bar.hide()
        self.install_text.setText(message)
        if worked:
            self.path.setFilePath("")  # else the environment would not be looked at
            self.test()
        else:
            told = diagnostics(self._places(), None)
            home = str(Path.home())
            output = install.output.replace(home, "~")
            self.details.setPlainText(f"{told}\ninstallation: {message}\n{output}")
        install.deleteLater()

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
