# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's wiring into QGIS: actions, dock, options page, Processing provider."""

from __future__ import annotations

from functools import partial

from qgis.core import Qgis, QgsApplication
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QAction

from .about import help_url, icon
from .dock import PolychipDock
from .dock_settings import DockSettings
from .drawing.control import DrawingControl
from .engine import places
from .engine_check import EngineCheck, EngineReport
from .export_control import ExportControl, tell
from .options import PAGE_NAME, PolychipOptionsFactory
from .prelabels.control import PrelabelControl
from .preview_control import PreviewControl
from .proposals.control import ProposalControl
from .provider import PolychipProvider
from .quality_control import QualityControl
from .quickchecks.control import ProblemControl
from .recipe_files import RecipeFiles
from .translation import install_translator, tr

MENU = "Polychip"


class PolychipPlugin:
    """Made by QGIS through classFactory; `iface` is None in qgis_process."""

    def __init__(self, iface: QgisInterface | None) -> None:
        self.iface = iface
        self.provider: PolychipProvider | None = None
        self.dock: PolychipDock | None = None
        self._translator = install_translator()
        self._pending: DockSettings | None = None

    def initProcessing(self) -> None:
        """Add the provider; qgis_process calls this and nothing else."""
        self.provider = PolychipProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Add everything that has a window."""
        self.initProcessing()
        self._check = EngineCheck()
        self._check.finished.connect(self._engine_answered)
        self._add_dock()
        self._add_actions()
        self._add_drawing()
        self._options = PolychipOptionsFactory()
        self.iface.registerOptionsWidgetFactory(self._options)

    def unload(self) -> None:
        """Take everything away again, in the opposite order."""
        if self.dock is not None:
            self._check.cancel()
            self.control.abandon()
            self._remove_drawing()
            self.preview.abandon()
            self.quality.abandon()
            self.iface.unregisterOptionsWidgetFactory(self._options)
            self._remove_actions()
            self.iface.removeDockWidget(self.dock)
            self.dock.deleteLater()
            self.dock = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None

    def _add_dock(self) -> None:
        self.dock = PolychipDock(self.iface.mainWindow())
        self.dock.exportRequested.connect(self._export)
        self.dock.engineSetupRequested.connect(self.open_settings)
        self.dock.visibilityChanged.connect(self._dock_shown)
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.control = ExportControl(self.iface, self.dock)
        self.preview = PreviewControl(self.iface, self.dock)
        self.preview.engineDied.connect(self.control.tell_of_death)
        self.quality = QualityControl(self.iface, self.dock)
        self.recipes = RecipeFiles(self.iface, self.dock, self.preview.session)
        self.dock.hide()  # opened by the user; QGIS restores it where it was left

    def _add_actions(self) -> None:
        self.toggle_action = QAction(icon(), tr("Polychip Dock"), self.iface.mainWindow())
        self.toggle_action.setObjectName("polychipToggleDock")
        self.toggle_action.setToolTip(tr("Show or hide the Polychip dock"))
        self.dock.setToggleVisibilityAction(self.toggle_action)
        self.help_action = QAction(icon(), tr("Polychip Help"), self.iface.mainWindow())
        self.help_action.setObjectName("polychipHelp")
        self.help_action.triggered.connect(self.open_help)
        self.toolbar = self.iface.addToolBar("Polychip")
        self.toolbar.setObjectName("PolychipToolBar")
        self.toolbar.addAction(self.toggle_action)
        self.iface.addPluginToRasterMenu(MENU, self.toggle_action)
        self.iface.pluginHelpMenu().addAction(self.help_action)

    def _remove_actions(self) -> None:
        self.iface.pluginHelpMenu().removeAction(self.help_action)
        self.iface.removePluginRasterMenu(MENU, self.toggle_action)
        self.iface.mainWindow().removeToolBar(self.toolbar)
        for thing in (self.toolbar, self.toggle_action, self.help_action):
            thing.deleteLater()

    def _add_drawing(self) -> None:
        self.drawing = DrawingControl(self.iface)
        self.toolbar.addAction(self.drawing.toggle_action)
        self.iface.addPluginToRasterMenu(MENU, self.drawing.toggle_action)
        self.problems = ProblemControl(self.iface, self.drawing)
        self.proposals = ProposalControl(self.iface, self.drawing)
        self.prelabels = PrelabelControl(self.iface, self.drawing)
        self.toolbar.addAction(self.problems.toggle_action)
        self.iface.addPluginToRasterMenu(MENU, self.problems.toggle_action)

    def _remove_drawing(self) -> None:
        self.iface.removePluginRasterMenu(MENU, self.problems.toggle_action)
        self.prelabels.unload()
        self.proposals.unload()
        self.problems.unload()
        self.iface.removePluginRasterMenu(MENU, self.drawing.toggle_action)
        self.drawing.unload()

    def open_help(self) -> None:
        """Show the help page in the browser."""
        QDesktopServices.openUrl(help_url())

    def open_engine_help(self) -> None:
        """Show how the engine is set up."""
        QDesktopServices.openUrl(help_url("engine"))

    def open_settings(self) -> None:
        """Show the plugin's page of the options, then look for the engine again."""
        self.iface.showOptionsDialog(self.iface.mainWindow(), PAGE_NAME)
        self._check.start(places())

    def _dock_shown(self, visible: bool) -> None:
        if visible:
            self.dock.set_engine_status(tr("Looking for the engine…"))
            self._check.start(places())

    def _export(self, settings: DockSettings) -> None:
        missing = self.dock.missing()
        if missing:
            self.iface.messageBar().pushMessage("Polychip", missing, Qgis.MessageLevel.Warning)
            return
        self._pending = settings
        self._check.start(places())

    def _engine_answered(self, report: EngineReport) -> None:
        self.dock.set_engine_status(report.message if report.ok else tr("The engine is not ready."))
        if report.ok:
            self.preview.greet(report.engine)
        pending, self._pending = self._pending, None
        if pending is None:
            return
        if report.ok:
            self.problems.before_export(pending, partial(self.control.begin, pending, report))
        else:
            self._tell_engine_problem(report)

    def _tell_engine_problem(self, report: EngineReport) -> None:
        tell(
            self.iface,
            report.message,
            Qgis.MessageLevel.Warning,
            ("polychipHowTo", tr("How To…"), self.open_engine_help),
            ("polychipOpenSettings", tr("Open Settings…"), self.open_settings),
        )
