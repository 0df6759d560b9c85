# SPDX-License-Identifier: GPL-2.0-or-later
"""An export from request to outcome: the snapshot off the main thread, then the engine."""

from __future__ import annotations

from qgis.core import QgsApplication, QgsFeedback, QgsTask
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .engine import Engine
from .engine_run import CANCELLED, DIED, REFUSED, EngineRun, RunOutcome
from .export_request import ExportRefusedError, ExportRequest, write_inputs
from .former_files import settle
from .snapshot import SnapshotCancelled
from .translation import tr


class InputsTask(QgsTask):
    """Writes snapshot and recipe in QGIS's task manager."""

    ended = pyqtSignal()
    """On the main thread, whatever came of it."""

    def __init__(self, request: ExportRequest) -> None:
        super().__init__(tr("Reading the labels"), QgsTask.Flag.CanCancel)
        self.request = request
        self._feedback = QgsFeedback()
        self._feedback.progressChanged.connect(self.setProgress)
        self.outcome: RunOutcome | None = None
        """None when the engine may begin."""

    def run(self) -> bool:
        """Called by QGIS on another thread; whatever happens there becomes an outcome."""
        try:
            write_inputs(self.request, self._feedback)
        except SnapshotCancelled:
            self.outcome = RunOutcome(CANCELLED)
        except ExportRefusedError as error:
            self.outcome = RunOutcome(REFUSED, str(error))
        except Exception as error:  # an exception here would be lost, and the export with it
            text = f"{type(error).__name__}: {error}"
            self.outcome = RunOutcome(
                DIED, tr("Reading the labels failed: {reason}").format(reason=text)
            )
        return self.outcome is None

    def cancel(self) -> None:
        """Called by QGIS's task list as well."""
        self._feedback.cancel()
        super().cancel()

    def finished(self, result: bool) -> None:  # noqa: ARG002 - `outcome` says more
        """Called by QGIS on the main thread."""
        self.ended.emit()


class ExportTask(QObject):
    """One export; `finished` brings a RunOutcome, once."""

    reading = pyqtSignal(float)
    """Share of the labels that was read, in percent."""
    progressed = pyqtSignal(object)
    """The engine's Progress."""
    noted = pyqtSignal(str)
    warned = pyqtSignal(str)
    finished = pyqtSignal(object)

    def __init__(self, request: ExportRequest, engine: Engine, parent: QObject | None = None):
        super().__init__(parent)
        self.request = request
        self._engine = engine
        self._inputs: InputsTask | None = None
        self._over = False
        self.run = EngineRun(self)
        for mine, its in (
            (self.progressed, self.run.progressed),
            (self.noted, self.run.noted),
            (self.warned, self.run.warned),
        ):
            its.connect(mine)
        self.run.finished.connect(self._run_ended)

    def start(self) -> None:
        """Begin; returns at once."""
        self._inputs = InputsTask(self.request)
        self._inputs.progressChanged.connect(self.reading)
        self._inputs.ended.connect(self._inputs_written)
        QgsApplication.taskManager().addTask(self._inputs)

    def cancel(self) -> None:
        """Stop; what the engine has finished is kept."""
        if self._inputs is not None:
            self._inputs.cancel()
        else:
            self.run.cancel()

    def abandon(self) -> None:
        """Stop at once and tell nobody."""
        self._over = True
        if self._inputs is not None:
            self._inputs.cancel()
        self.run.abandon()
        settle(self.request.paths)

    def _run_ended(self, outcome: RunOutcome) -> None:
        settle(self.request.paths)
        self.finished.emit(outcome)

    def _inputs_written(self) -> None:
        inputs, self._inputs = self._inputs, None
        if self._over:
            return
        if inputs.outcome is not None:
            self.finished.emit(inputs.outcome)
        elif inputs.isCanceled():
            self.finished.emit(RunOutcome(CANCELLED))
        else:
            self.run.start(self._engine, self.request.arguments(), self.request.paths.output.parent)
