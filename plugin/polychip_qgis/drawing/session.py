# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawing in one labelling project: the current class, rule and cell, and what is done with them.

Knows layers, not windows; who shows it listens to its signals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from qgis.core import (
    QgsExpressionContextUtils,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..translation import tr
from .annotator import annotator
from .classes import LabelClass
from .edits import LabelEditor, Stroke
from .geopackage import settle
from .journal import Restored, Unfinished, restore, set_aside, write_journal
from .label_layers import LabelLayers, classes_of
from .names import DOING, DONE, REVIEW, TODO
from .tally import Tally
from .task_book import LEAST_DONE, SNAKE, CellCounts, Task, TaskBook

RULES = ("overlap", "give_way", "take_ground")
SCOPE, KEY = "polychip", "/drawing"


class LabelSession(QObject):
    """One label layer with its tasks; edits of it, and a recovery file that follows them."""

    stateChanged = pyqtSignal()
    """Class, rule, extending or cell."""
    countsChanged = pyqtSignal()
    tasksChanged = pyqtSignal()
    journalFailed = pyqtSignal(str)

    def __init__(self, layers: LabelLayers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layers = layers
        self.labels = layers.labels
        self.classes: list[LabelClass] = classes_of(self.labels)
        self.current = self.classes[0] if self.classes else None
        self.rule = RULES[0]
        self.order = SNAKE
        self.cell: int | None = None
        self.source = ""
        self._extends: dict[str, bool] = {}
        self.waiting = set_aside(layers.geopackage)
        """Recovery files of a crash that nobody has restored or discarded yet."""
        self.tally = Tally(self.labels, self)
        self.editor = LabelEditor(self.labels, self.tally.next_id)
        self.book = TaskBook(layers.tasks, self) if layers.tasks is not None else None
        self.cell_counts = CellCounts(layers.tasks, self.labels) if layers.tasks else None
        self.unfinished: Callable[[], Unfinished | None] = lambda: None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.write_journal)
        self._tell = QTimer(self)
        self._tell.setSingleShot(True)
        self._tell.setInterval(0)
        self._tell.timeout.connect(self.countsChanged)
        self.tally.changed.connect(self._tell.start)
        if self.book is not None:
            self.book.changed.connect(self.tasksChanged)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(0)
        self._settling.timeout.connect(self._settle)
        for layer in layers.all:
            layer.undoStack().indexChanged.connect(self._timer.start)
            layer.afterCommitChanges.connect(self._timer.start)
            layer.afterCommitChanges.connect(self._settling.start)
            layer.afterRollBack.connect(self._timer.start)
        self._share()

    def stop(self) -> None:
        """Let the layers go; what is unsaved stays in the recovery file."""
        if self._timer.isActive():
            self._timer.stop()
            self.write_journal()
        self._tell.stop()
        self._settling.stop()
        self.tally.stop()
        if self.book is not None:
            self.book.stop()
            self.cell_counts.stop()
        for layer in self.layers.all:
            layer.undoStack().indexChanged.disconnect(self._timer.start)
            layer.afterCommitChanges.disconnect(self._timer.start)
            layer.afterCommitChanges.disconnect(self._settling.start)
            layer.afterRollBack.disconnect(self._timer.start)

    def _settle(self) -> None:
        settle(self.layers.geopackage)

    # --- state

    def start(self) -> None:
        """Turn editing on for labels and tasks."""
        for layer in self.layers.all:
            if not layer.isEditable():
                layer.startEditing()

    def choose(self, name: str) -> None:
        """Make a class the current one."""
        found = next((known for known in self.classes if known.name == name), None)
        if found is not None and found != self.current:
            self.current = found
            self._share()
            self.stateChanged.emit()

    def class_at(self, number: int) -> LabelClass | None:
        """The class of key `number`, from 1."""
        return self.classes[number - 1] if 0 < number <= len(self.classes) else None

    def set_rule(self, rule: str) -> None:
        """One of RULES."""
        self.rule = rule
        self.stateChanged.emit()

    def next_rule(self) -> None:
        """The rule after this one."""
        self.set_rule(RULES[(RULES.index(self.rule) + 1) % len(RULES)])

    @property
    def extends(self) -> bool:
        """Whether drawing over the current class extends it: areas do, countable objects do not."""
        if self.current is None:
            return False
        return self._extends.get(self.current.name, not self.current.thing)

    def set_extends(self, extends: bool) -> None:
        """For the current class."""
        if self.current is not None:
            self._extends[self.current.name] = extends
            self.stateChanged.emit()

    def refresh_classes(self) -> None:
        """Take colours and added classes from the layer's style."""
        self.classes = classes_of(self.labels)
        names = [known.name for known in self.classes]
        if self.current is None or self.current.name not in names:
            self.current = self.classes[0] if self.classes else None
        else:
            self.current = self.classes[names.index(self.current.name)]
        self.stateChanged.emit()

    def _share(self) -> None:
        """What QGIS's own tools fill in, too."""
        scope = QgsExpressionContextUtils
        if self.current is not None:
            scope.setLayerVariable(self.labels, "polychip_class", self.current.name)
        scope.setLayerVariable(self.labels, "polychip_source", self.source)

    def set_source(self, name: str) -> None:
        """The image that is drawn from."""
        if name != self.source:
            self.source = name
            self._share()

    # --- edits

    def draw(self, shape: QgsGeometry, tool: str) -> int:
        """Take in a polygon of the current class. Raises EditRefused."""
        return self.editor.draw(self._stroke(shape, tool))

    def take_prelabels(self, polygons: Sequence[QgsGeometry], tool: str) -> int:
        """Add polygons of the current class that overlap nothing. Raises EditRefused."""
        # They were cut off what is drawn already; `RULES[0]` adds them as they are.
        strokes = [self._stroke(shape, tool)._replace(rule=RULES[0]) for shape in polygons]
        made = self.editor.take_over(strokes, tr("Pre-labels"))
        return sum(fid is not None for fid in made)

    def fill_rest(self) -> int:
        """Fill the rest of the current cell. Raises EditRefused, KeyError without a cell."""
        cell = self.book.shape(self.cell)
        return self.editor.fill_rest(cell, self._stroke(cell, "fill"))

    def cut_hole(self, shape: QgsGeometry) -> int:
        """In the selected polygons, or in all below. Raises EditRefused."""
        return self.editor.cut_hole(shape, self.labels.selectedFeatureIds())

    def split(self, line: QgsGeometry) -> int:
        """The selected polygons, or all that the line crosses. Raises EditRefused."""
        return self.editor.split(line.asPolyline(), self.labels.selectedFeatureIds())

    def merge(self) -> int:
        """The selected polygons. Raises EditRefused."""
        keeper = self.editor.merge(self.labels.selectedFeatureIds())
        self.labels.selectByIds([keeper])
        return keeper

    def reclass(self, fids: Sequence[int], name: str) -> int:
        """Give polygons a class. Raises EditRefused."""
        return self.editor.reclass(fids, name)

    def polygon_at(self, point: QgsPointXY) -> int | None:
        """The polygon at a point in the CRS of the labels."""
        return self.editor.at_point(point)

    def _stroke(self, shape: QgsGeometry, tool: str) -> Stroke:
        return Stroke(
            shape, self.current.name, self.rule, self.extends, tool, annotator(), self.source
        )

    # --- tasks

    def task(self) -> Task | None:
        """The current cell."""
        return (
            self.book.task(self.cell) if self.book is not None and self.cell is not None else None
        )

    def go(self, fid: int | None) -> None:
        """Make a cell the current one; a cell to do becomes one that is being done."""
        self.cell = fid
        task = self.task()
        if task is not None and task.status == TODO and self.labels.isEditable():
            self.book.mark(fid, DOING, annotator())
        self.stateChanged.emit()

    def step(self, forward: bool) -> Task | None:
        """Go to the next open cell or the one before; None when nothing is open."""
        if self.book is None:
            return None
        counts = self.cell_counts.counts() if self.order != SNAKE else {}
        task = self.book.step(self.cell, forward, self.order, counts, annotator())
        if task is not None:
            self.go(task.fid)
        return self.task() if task is not None else None

    def mark_done(self) -> str:
        """The current cell is done, or, when it was, is being done again; returns its status."""
        status = DOING if self.task().status == DONE else DONE
        self.book.mark(self.cell, status, annotator())
        return status

    def mark_unsure(self, note: str | None = None) -> None:
        """The current cell wants another look."""
        self.book.mark(self.cell, REVIEW, annotator(), note)

    def under_labelled(self, fewer_than: int) -> list[Task]:
        """Done cells with fewer polygons than that."""
        counts = self.cell_counts.counts()
        return [
            task
            for task in self.book.tasks
            if task.status in (DONE, REVIEW) and counts.get(task.fid, 0) < fewer_than
        ]

    # --- saving

    def save(self) -> list[str]:
        """The user's Save, of all three layers; returns what went wrong."""
        problems: list[str] = []
        for layer in self.layers.all:
            if layer.isEditable() and layer.isModified() and not layer.commitChanges(False):
                problems += layer.commitErrors()
        return problems

    @property
    def modified(self) -> bool:
        """Whether anything is not saved."""
        return any(layer.isModified() for layer in self.layers.all)

    def write_journal(self) -> None:
        """Bring the recovery file up to date."""
        try:
            write_journal(self.layers.geopackage, self.layers.all, self.unfinished())
        except OSError as error:
            self.journalFailed.emit(
                tr("The recovery file cannot be written: {reason}").format(reason=error)
            )

    def journal_soon(self) -> None:
        """When QGIS has done what it is at."""
        self._timer.start()

    def restore(self) -> Restored:
        """Bring back all recovery files that wait, oldest first; they go once the new one is there.

        Raises:
            ValueError, OSError: one cannot be read; it stays where it is.
        """
        total = Restored(0, 0, 0, 0, None)
        for path in list(self.waiting):
            part = restore(path, self.layers.all)
            total = Restored(
                *(a + b for a, b in zip(total[:4], part[:4])), part.unfinished or total.unfinished
            )
            self.write_journal()
            path.unlink()
            self.waiting.remove(path)
        return total

    def discard_waiting(self) -> None:
        """Give up what a crash has left."""
        for path in self.waiting:
            path.unlink(missing_ok=True)
        self.waiting = []

    # --- the project remembers

    def remember(self, project: QgsProject) -> None:
        """Class, rule, order and cell, for the next time the project is opened."""
        task = self.task()
        state = {
            "class": self.current.name if self.current else "",
            "rule": self.rule,
            "order": self.order,
            "cell": task.cell if task else "",
        }
        project.writeEntry(SCOPE, KEY, json.dumps(state, ensure_ascii=False))

    def recall(self, project: QgsProject) -> None:
        """Take up what the project remembers; what no longer fits is left out."""
        try:
            state = json.loads(project.readEntry(SCOPE, KEY)[0] or "{}")
        except ValueError:
            return
        if not isinstance(state, dict):
            return
        self.choose(str(state.get("class", "")))
        if state.get("rule") in RULES:
            self.rule = state["rule"]
        if state.get("order") in (SNAKE, LEAST_DONE):
            self.order = state["order"]
        task = self.book.at(str(state.get("cell", ""))) if self.book is not None else None
        self.cell = task.fid if task is not None else None
        self.stateChanged.emit()


def is_label_layer_edited(layer: QgsVectorLayer | None, session: LabelSession | None) -> bool:
    """Whether keys may act: the active layer is one of the project's, and labels are edited."""
    return session is not None and layer in session.layers.all and session.labels.isEditable()
