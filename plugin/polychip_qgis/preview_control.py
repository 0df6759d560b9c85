# SPDX-License-Identifier: GPL-2.0-or-later
"""The Preview button: the chip under the cursor, asked of the engine, shown in the dock."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, NamedTuple

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsWkbTypes,
)
from qgis.gui import QgisInterface, QgsRubberBand
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QColor

from .chip_layer import show_plan
from .chips import corners
from .dock import PolychipDock
from .dock_settings import DockSettings
from .edit_watch import EditWatch
from .engine import Engine, EngineNotFoundError, find_engine, places
from .engine_session import DIED, PROTOCOL, Answer, EngineSession
from .export_request import ExportLayers, ExportRefusedError, layers_of
from .plan_grid import PlanGrid
from .planner import OpenPlan, PlanFailure, Planner
from .preview_arrays import pictures
from .surroundings import box_of, features_around, shapes_around
from .translation import tr

WAIT_MS = 60
"""After the last edit or choice, so that a burst of them costs one preview."""
RESTARTS, RESTART_SECONDS = 3, 60.0
"""An engine that dies more often than so many times in so many seconds is not started again."""
ARRAYS = ["picture", "semantic", "instance"]


class Shown(NamedTuple):
    """What a preview shows, or will show."""

    scene: int
    chip: int
    edits: tuple[int, int]
    """Edit numbers of labels and extent."""


class PreviewControl(QObject):
    """Follows the cursor while the preview is on; one question to the engine at a time."""

    shown = pyqtSignal(object)
    """The engine's answer for the chip that is in the picture now."""
    planned = pyqtSignal(object)
    """An OpenPlan, whoever asked for it."""
    engineDied = pyqtSignal(str, str)
    """What happened, and what the engine wrote; it is started again unless it died too often."""

    def __init__(self, iface: QgisInterface, dock: PolychipDock) -> None:
        super().__init__(dock)
        self._iface, self._dock, self._panel = iface, dock, dock.preview
        self.session = EngineSession(self)
        self.planner = Planner(self.session, self)
        self._plan: OpenPlan | None = None
        self._layers: ExportLayers | None = None
        self._watches: list[EditWatch] = []
        self._seen_classes: tuple[int, set] = (0, set())
        self._cursor: QgsPointXY | None = None
        self._asked: Shown | None = None
        self._in_picture: Shown | None = None
        self._band: QgsRubberBand | None = None
        self._deaths: deque[float] = deque()
        self._active = False
        self._stale = True
        self._to_map = False
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._look)
        self._panel.toggled_by_user.connect(self._toggle)
        self._panel.planRequested.connect(self.plan_to_map)
        self.planner.planned.connect(self._take_plan)
        self.planner.failed.connect(self._plan_failed)
        self.planner.progressed.connect(self._plan_progressed)
        self.session.died.connect(self._died)
        self.session.greeted.connect(dock.set_capabilities)
        dock.settingsChanged.connect(self._settings_changed)
        QgsProject.instance().layersWillBeRemoved.connect(self._layers_go)

    @property
    def is_active(self) -> bool:
        """Whether the cursor is followed."""
        return self._active

    def greet(self, engine: Engine) -> None:
        """Start the engine that has answered, so that it tells what it can and previews soon."""
        self.session.use(engine)
        if not self.session.is_running:
            self.session.ask("hello", {"protocol": PROTOCOL}, lambda _: None)

    def turn_on(self) -> None:
        """Plan, then follow the cursor; a sentence in the panel says what is missing."""
        if self._active:
            return
        self._active = True
        self._panel.set_active(True)
        self._iface.mapCanvas().xyCoordinates.connect(self._moved)
        self.plan()

    def turn_off(self, why: str = "") -> None:
        """Follow no more; the engine stays, for it costs nothing and starts slowly."""
        if self._active:
            self._active = False
            self._iface.mapCanvas().xyCoordinates.disconnect(self._moved)
        self._panel.set_active(False)
        self._panel.say(why)
        self._in_picture = None
        self._outline(None)

    def plan_to_map(self) -> None:
        """Plan, and show the chips as a layer."""
        self._to_map = True
        self.plan()

    def plan(self) -> None:
        """Plan anew with what the dock says now."""
        missing = self._dock.missing(output=False)
        if missing:
            self.turn_off(missing)
            return
        settings = self._dock.settings()
        try:
            self.session.use(find_engine(places()))
            layers = layers_of(settings)
            self._watch(layers)
            self.planner.start(layers, settings)
        except (EngineNotFoundError, ExportRefusedError) as error:
            self.turn_off(str(error))
            return
        self._layers, self._stale = layers, False
        self._asked = self._in_picture = None
        self._panel.say(tr("Planning…"))

    def abandon(self) -> None:
        """Stop at once and tell nobody: the plugin goes away."""
        self._wait.stop()
        if self._active:
            self._active = False
            self._iface.mapCanvas().xyCoordinates.disconnect(self._moved)
        QgsProject.instance().layersWillBeRemoved.disconnect(self._layers_go)
        self._unwatch()
        self._outline(None)
        self.planner.close()
        self.session.abandon()

    # --- the plan

    def _toggle(self, on: bool) -> None:
        if on:
            self.turn_on()
        else:
            self.turn_off()

    def _watch(self, layers: ExportLayers) -> None:
        self._unwatch()
        for layer in (layers.labels, layers.extent):
            if layer is not None:
                watch = EditWatch(layer, self)
                watch.edited.connect(self._wait.start)
                watch.replaced.connect(self._make_stale)
                self._watches.append(watch)

    def _unwatch(self) -> None:
        for watch in self._watches:
            watch.stop()
        self._watches = []

    def _take_plan(self, plan: OpenPlan) -> None:
        self._plan = plan
        hint = tr("Move the cursor over the image.") if self._active else ""
        self._panel.say("\n".join(filter(None, [plan_words(plan), hint])))
        self._remember_classes()
        to_map, self._to_map = self._to_map, False
        if to_map:
            show_plan(plan)
        self.planned.emit(plan)
        self._look()

    def _plan_failed(self, failure: PlanFailure) -> None:
        self._plan, self._to_map = None, False
        if failure.code == DIED:
            return  # told by `_died`
        self.turn_off(failure.message)

    def _plan_progressed(self, done: int, total: int) -> None:
        self._panel.say(tr("Planning… {done} of {total} chips").format(done=done, total=total))

    def _settings_changed(self, settings: DockSettings) -> None:
        if self._plan is None or self._plan.settings.planned() != settings.planned():
            self._make_stale()

    def _make_stale(self) -> None:
        self._stale = True
        if self._active:
            self._wait.start()

    def _layers_go(self, layer_ids: list[str]) -> None:
        if self._layers is not None and set(self._layers.ids()) & set(layer_ids):
            self._layers, self._plan = None, None
            self._unwatch()
            self.planner.drop()
            self.turn_off()

    # --- the chip under the cursor

    def _moved(self, point: QgsPointXY) -> None:
        self._cursor = QgsPointXY(point)
        self._look()

    def _look(self) -> None:
        """Ask for the chip under the cursor unless it is there, or a question is open."""
        if not self._active or self.planner.is_busy:
            return
        if self._stale or self._plan is None:
            self.plan()
            return
        if self._asked is not None or self._cursor is None:
            return
        wanted = self._wanted()
        if wanted is None or wanted == self._in_picture:
            return
        self._ask(wanted)

    def _wanted(self) -> Shown | None:
        for number, grid in enumerate(self._plan.grids):
            at = self._in_crs(grid.crs)
            chip = grid.chip_at(at.x(), at.y()) if at is not None else -1
            if chip >= 0:
                return Shown(number, chip, self._edits())
        return None

    def _edits(self) -> tuple[int, int]:
        numbers = [watch.number for watch in self._watches] + [0, 0]
        return numbers[0], numbers[1]

    def _in_crs(self, crs: QgsCoordinateReferenceSystem) -> QgsPointXY | None:
        project = QgsProject.instance()
        try:
            return QgsCoordinateTransform(project.crs(), crs, project).transform(self._cursor)
        except QgsCsException:
            return None

    def _ask(self, wanted: Shown, *, again: bool = False) -> None:
        grid = self._plan.grids[wanted.scene]
        planned = grid[wanted.chip]
        params: dict[str, Any] = {
            "plan": self._plan.name,
            "scene": grid.scene,
            "chip": planned.chip_id,
            "arrays": ARRAYS,
        }
        self._add_edits(params, wanted, grid)
        self._asked = wanted
        self.session.ask("preview", params, lambda answer: self._take(wanted, answer, again))

    def _add_edits(self, params: dict[str, Any], wanted: Shown, grid: PlanGrid) -> None:
        """The features around the chip, when they are not the plan's any more."""
        settings, layers = self._plan.settings, self._layers
        chip = grid[wanted.chip].chip
        around = corners(grid.grid, chip, grid.width)
        for name, edits, layer in zip(
            ("labels", "extent"), wanted.edits, (layers.labels, layers.extent)
        ):
            if not edits or layer is None:
                continue
            box = box_of(around, grid.crs, layer)
            if name == "labels":
                fields = settings.class_field, settings.used_instance_field()
                features = features_around(layer, box, *fields)
            else:
                features = shapes_around(layer, box)
            key = f"{edits} {wanted.chip}"
            params[name] = {"key": key, "features": features}

    def _take(self, asked: Shown, answer: Answer, again: bool) -> None:
        if self._asked == asked:
            self._asked = None
        if not self._active or self._plan is None:
            return
        if answer.ok:
            self._show(asked, answer.result)
            if self._classes_changed():  # looked at afterwards: the picture comes first
                self.plan()
                return
        elif answer.code == "input" and self._classes_changed():
            self.plan()
            return
        elif answer.code == "unknown_plan" and not again:
            self._make_stale()
            return
        elif answer.code == DIED:
            return
        else:
            self._in_picture = asked  # the same question would get the same answer
            self._panel.say(answer.message)
        self._look()

    def _show(self, asked: Shown, chip: dict[str, Any]) -> None:
        self._in_picture = asked
        shown = pictures(chip["arrays"], self._plan.schema)
        self._panel.show_chip(chip, shown, self._plan.class_names())
        grid = self._plan.grids[asked.scene]
        self._outline(chip["corners"], grid.crs)
        self.shown.emit(chip)

    def _outline(
        self, ring: list[list[float]] | None, crs: QgsCoordinateReferenceSystem | None = None
    ) -> None:
        if ring is None:
            if self._band is not None:
                self._iface.mapCanvas().scene().removeItem(self._band)
                self._band = None
            return
        if self._band is None:
            canvas = self._iface.mapCanvas()
            self._band = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
            self._band.setStrokeColor(QColor(255, 140, 0))
            self._band.setFillColor(QColor(0, 0, 0, 0))
            self._band.setWidth(2)
        shape = QgsGeometry.fromPolygonXY([[QgsPointXY(x, y) for x, y in [*ring, ring[0]]]])
        self._band.setToGeometry(shape, crs)

    # --- class codes are the plan's

    def _remember_classes(self) -> None:
        self._seen_classes = (self._edits()[0], self._class_values())

    def _classes_changed(self) -> bool:
        """Whether edits brought or took a class value, which may change all codes."""
        edits, values = self._seen_classes
        now = self._edits()[0]
        if now == edits:
            return False
        self._seen_classes = (now, values)
        return self._class_values() != values

    def _class_values(self) -> set:
        layer, field = self._layers.labels, self._plan.settings.class_field
        return {str(value) for value in layer.uniqueValues(layer.fields().lookupField(field))}

    # --- the engine's death

    def _died(self, message: str) -> None:
        wanted = self._active or self._to_map or self._plan is not None
        self._plan, self._asked, self._in_picture, self._to_map = None, None, None, False
        if not wanted:
            return  # it was only to say what it can; whoever needs it starts it again
        now = time.monotonic()
        self._deaths.append(now)
        while self._deaths and now - self._deaths[0] > RESTART_SECONDS:
            self._deaths.popleft()
        output = self.session.output
        if len(self._deaths) > RESTARTS:
            self._deaths.clear()
            self.turn_off(message)
        elif self._active:
            self._stale = True
            self._panel.say(tr("{message} It is started again.").format(message=message))
            self._wait.start()
        self.engineDied.emit(message, output)


def plan_words(plan: OpenPlan) -> str:
    """How many chips there are, in which splits, and why others are left out."""
    report = plan.report
    text = tr("{n} chips").format(n=report["chips"])
    if report["by_split"]:
        text += ": " + ", ".join(f"{name} {n}" for name, n in report["by_split"].items())
    if report["skipped"]:
        left = ", ".join(f"{n} {why}" for why, n in report["skipped"].items())
        text += "; " + tr("left out: {reason}").format(reason=left)
    return text
