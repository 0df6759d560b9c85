# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans for the dock: labels and extent as seen, in a folder of their own, and the engine asked."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .dock_settings import DockSettings
from .engine_session import CANCELLED, Answer, EngineSession
from .export_request import NEW, ExportLayers, make_request
from .export_task import InputsTask
from .plan_grid import PlanGrid, plan_grids
from .translation import tr


class PlanFailure(NamedTuple):
    """Why there is no plan."""

    code: str
    """Of the engine, CANCELLED, or '' when QGIS could not hand over the layers."""
    message: str


class OpenPlan(NamedTuple):
    """A plan that the engine holds open."""

    name: str
    settings: DockSettings
    grids: list[PlanGrid]
    schema: dict[str, Any]
    report: dict[str, Any]
    splits: list[str]

    def class_names(self) -> dict[int, str]:
        """Names by code, background and ignore included."""
        names = {entry["code"]: entry["name"] for entry in self.schema["classes"]}
        names.setdefault(self.schema["background"], tr("background"))
        names.setdefault(self.schema["ignore"], tr("ignore"))
        return names


class Planner(QObject):
    """Makes one plan at a time; `planned` or `failed` is emitted once for each `start`."""

    planned = pyqtSignal(object)
    """An OpenPlan."""
    failed = pyqtSignal(object)
    """A PlanFailure."""
    progressed = pyqtSignal(int, int)
    """Chips looked at, of how many."""

    def __init__(self, session: EngineSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._folder: tempfile.TemporaryDirectory | None = None
        self._inputs: InputsTask | None = None
        self._asked = 0
        self._open: object | None = None
        """Stands for the question that is open; an answer to an older one is passed over."""
        self._settings: DockSettings | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a plan is being made."""
        return self._inputs is not None or self._open is not None

    def start(self, layers: ExportLayers, settings: DockSettings) -> None:
        """Begin; what was begun before is dropped.

        Raises:
            ExportRefusedError: a layer cannot be used.
        """
        self.drop()
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="polychip-plan-")
        # A folder for each plan: the engine may still read the files of the one before.
        output = Path(tempfile.mkdtemp(dir=self._folder.name)) / "dataset"
        self._settings = settings
        request = make_request(layers, settings._replace(output=str(output)), NEW)
        self._inputs = InputsTask(request)
        self._inputs.ended.connect(self._inputs_written)
        QgsApplication.taskManager().addTask(self._inputs)

    def drop(self) -> None:
        """Give up the plan that is being made; nothing is emitted for it."""
        inputs, self._inputs = self._inputs, None
        if inputs is not None:
            inputs.ended.disconnect(self._inputs_written)
            inputs.cancel()
        if self._open is not None:
            self._open = None
            self._session.cancel(self._asked)

    def close(self) -> None:
        """Give up and remove all files."""
        self.drop()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def _inputs_written(self) -> None:
        inputs, self._inputs = self._inputs, None
        if inputs is None:
            return
        if inputs.outcome is not None:
            self.failed.emit(PlanFailure("", inputs.outcome.message))
            return
        recipe = str(inputs.request.paths.recipe)
        mine = self._open = object()

        def take(answer: Answer) -> None:
            if self._open is mine:
                self._open = None
                self._take(answer)

        params = {"recipe": recipe, "chips": True}
        self._asked = self._session.ask("plan", params, take, self._tell)

    def _tell(self, event: dict[str, Any]) -> None:
        self.progressed.emit(int(event.get("done", 0)), int(event.get("total", 0)))

    def _take(self, answer: Answer) -> None:
        if not answer.ok:
            if answer.code != CANCELLED:
                self.failed.emit(PlanFailure(answer.code, answer.message))
            return
        told = answer.result
        self.planned.emit(
            OpenPlan(
                told["plan"],
                self._settings,
                plan_grids(told),
                told["schema"],
                told["report"],
                told["splits"],
            )
        )
