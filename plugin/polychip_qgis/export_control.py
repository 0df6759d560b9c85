# SPDX-License-Identifier: GPL-2.0-or-later
"""The Export button: from the dock's choices to a dataset, and what is said on the way."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsMessageLog
from qgis.gui import QgisInterface, QgsMessageBarItem
from qgis.PyQt.QtCore import QObject, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from .dock import PolychipDock
from .dock_settings import DockSettings
from .engine import places
from .engine_check import EngineReport, diagnostics
from .engine_run import CANCELLED, REFUSED, SOME_FAILED, RunOutcome
from .export_request import (
    NEW,
    REPLACE,
    RESUME,
    ExportRefusedError,
    ExportRequest,
    folder_state,
    layers_of,
    make_request,
)
from .export_task import ExportTask
from .index_layer import IndexLayerMaker
from .progress_panel import duration
from .translation import tr

TAG = "Polychip"
Button = tuple  # (object name, text, what a click does)


class ExportControl(QObject):
    """Runs one export at a time for the dock; tells the rest in the message bar and the log."""

    def __init__(self, iface: QgisInterface, dock: PolychipDock) -> None:
        super().__init__(dock)
        self._iface, self._dock = iface, dock
        self._report: EngineReport | None = None
        self._message: QgsMessageBarItem | None = None
        self.task: ExportTask | None = None
        """The export that runs."""
        self.index_maker = IndexLayerMaker(self)
        self.index_maker.failed.connect(partial(self._log, Qgis.MessageLevel.Warning))
        dock.progress.cancelRequested.connect(self.cancel)

    def begin(self, settings: DockSettings, report: EngineReport, way: str = "") -> None:
        """Start an export with an engine that has answered."""
        if self.task is not None:
            return
        self._report = report
        way = way or (REPLACE if self._dock.replace_box.isChecked() else NEW)
        state = folder_state(Path(settings.output)) if way == NEW else ""
        if state == "finished":
            text = tr("This folder holds a finished dataset: tick “Replace”, or choose another.")
            self._tell(text, Qgis.MessageLevel.Warning)
            return
        if state == "unfinished":
            self._offer_to_resume(settings)
            return
        try:
            request = make_request(layers_of(settings), settings, way)
        except ExportRefusedError as error:
            self._tell(str(error), Qgis.MessageLevel.Warning)
            return
        self.task = ExportTask(request, report.engine, self)
        self.task.reading.connect(self._dock.progress.show_reading)
        self.task.progressed.connect(self._dock.progress.show_chips)
        self.task.noted.connect(partial(self._log, Qgis.MessageLevel.Info))
        self.task.warned.connect(partial(self._log, Qgis.MessageLevel.Warning))
        self.task.finished.connect(self._ended)
        self._close_message()
        self._dock.set_exporting(True)
        self.task.start()

    def cancel(self) -> None:
        """Stop the export that runs."""
        if self.task is not None:
            self.task.cancel()

    def abandon(self) -> None:
        """Stop it at once and tell nobody: the plugin goes away."""
        task, self.task = self.task, None
        self.index_maker.abandon()
        if task is not None:
            task.abandon()

    def tell_of_death(self, message: str, output: str) -> None:
        """The engine that previews has died; exports have an engine of their own."""
        copied = "\n".join([diagnostics(places(), self._report), message, output])
        copied = copied.replace(str(Path.home()), "~")
        self._log(Qgis.MessageLevel.Warning, f"{message} {output}")
        copy = ("polychipCopyDiagnostics", tr("Copy Diagnostics"), partial(_copy, copied))
        self._tell(message, Qgis.MessageLevel.Warning, copy)

    def _offer_to_resume(self, settings: DockSettings) -> None:
        text = tr("This folder holds an unfinished export: resume it, or tick “Replace”.")
        again = partial(self._resume, settings, self._report)
        button = ("polychipResume", tr("Resume Export"), again)
        self._tell(text, Qgis.MessageLevel.Warning, button)

    def _resume(self, settings: DockSettings, report: EngineReport) -> None:
        self.begin(settings, report, RESUME)

    def _ended(self, outcome: RunOutcome) -> None:
        task, self.task = self.task, None
        task.deleteLater()
        self._dock.set_exporting(False)
        if outcome.ok:
            self._dock.replace_box.setChecked(False)
            self.index_maker.start(task.request.paths, self._report.engine)
            self._tell_success(task.request, outcome)
        elif outcome.kind == CANCELLED:
            self._tell(_cancelled_text(task.request), Qgis.MessageLevel.Info)
        else:
            self._tell_failure(task.request, outcome)

    def _tell_success(self, request: ExportRequest, outcome: RunOutcome) -> None:
        output = request.paths.output
        text, level = success_text(outcome), Qgis.MessageLevel.Success
        buttons = [
            ("polychipShowReport", tr("Show Report"), partial(open_path, output / "report.html")),
            ("polychipOpenFolder", tr("Open Folder"), partial(open_path, output)),
        ]
        if outcome.kind == SOME_FAILED:
            level = Qgis.MessageLevel.Warning
        if outcome.kind == SOME_FAILED or outcome.warnings:
            buttons.append(("polychipShowLog", tr("Show Log"), self._iface.openMessageLog))
        for chip, why in outcome.summary.get("failed", {}).items():
            self._log(Qgis.MessageLevel.Warning, f"{chip}: {why}")
        self._log(Qgis.MessageLevel.Info, f"{text} {output}")
        self._tell(text, level, *buttons)

    def _tell_failure(self, request: ExportRequest, outcome: RunOutcome) -> None:
        text = outcome.message
        if folder_state(request.paths.output) == "unfinished":
            text += " " + tr("Export again to resume it.")
        copied = self._diagnostics(request, outcome)
        self._log(Qgis.MessageLevel.Warning, text)
        self._tell(
            text,
            Qgis.MessageLevel.Warning if outcome.kind == REFUSED else Qgis.MessageLevel.Critical,
            ("polychipShowLog", tr("Show Log"), self._iface.openMessageLog),
            ("polychipCopyDiagnostics", tr("Copy Diagnostics"), partial(_copy, copied)),
        )

    def _diagnostics(self, request: ExportRequest, outcome: RunOutcome) -> str:
        lines = [
            diagnostics(places(), self._report),
            f"export: {outcome.kind}: {outcome.message}",
            f"arguments: {' '.join(request.arguments())}",
            *(f"  {line}" for line in outcome.output.splitlines()),
        ]
        return "\n".join(lines).replace(str(Path.home()), "~")

    def _log(self, level: Qgis.MessageLevel, text: str) -> None:
        QgsMessageLog.logMessage(text, TAG, level, False)

    def _tell(self, text: str, level: Qgis.MessageLevel, *buttons: Button) -> None:
        """One message at a time: the one before has been answered by what came after it."""
        self._close_message()
        self._message = tell(self._iface, text, level, *buttons)
        self._message.destroyed.connect(partial(self._forget, self._message))

    def _close_message(self) -> None:
        message, self._message = self._message, None
        if message is not None:
            self._iface.messageBar().popWidget(message)

    def _forget(self, message: QgsMessageBarItem, *_: object) -> None:
        if self._message is message:
            self._message = None


def tell(
    iface: QgisInterface, text: str, level: Qgis.MessageLevel, *buttons: Button
) -> QgsMessageBarItem:
    """A message that stays until it is closed, with buttons."""
    bar = iface.messageBar()
    item = bar.createMessage("Polychip", text)
    for name, label, act in buttons:
        button = QPushButton(label)
        button.setObjectName(name)
        button.clicked.connect(partial(_act, act))
        item.layout().addWidget(button)
    return bar.pushWidget(item, level)


def success_text(outcome: RunOutcome) -> str:
    """How many chips came out, in what time, and what wants to be looked at."""
    summary = outcome.summary
    text = tr("{chips} chips written in {time}.").format(
        chips=summary.get("chips", 0), time=duration(float(summary.get("seconds", 0)))
    )
    if summary.get("failed"):
        text += " " + tr("{n} chips failed; see the log messages.").format(n=len(summary["failed"]))
    if outcome.warnings:
        text += " " + tr("Warnings: {n}; see the log messages.").format(n=len(outcome.warnings))
    return text


def open_path(path: Path) -> None:
    """Show a file or folder with the desktop's own program."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def _act(act: object, *_: object) -> None:
    act()


def _copy(text: str) -> None:
    QgsApplication.clipboard().setText(text)


def _cancelled_text(request: ExportRequest) -> str:
    if folder_state(request.paths.output) == "unfinished":
        return tr("Export cancelled. Export again to resume it.")
    return tr("Export cancelled.")
