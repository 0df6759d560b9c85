# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells of the task layer in order: which comes next, how far everybody is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qgis.core import (
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsSpatialIndex,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime, QObject, pyqtSignal

from ..translation import tr
from .names import (
    ANNOTATOR,
    CELL,
    CHANGED,
    COL,
    DOING,
    DONE,
    IMAGE,
    NOTE,
    REVIEW,
    ROW,
    SKIP,
    STATUS,
    TODO,
)

SNAKE, LEAST_DONE = "snake", "least_done"
OPEN = (TODO, DOING)


class Task(NamedTuple):
    """One cell."""

    fid: int
    cell: str
    image: str
    row: int
    col: int
    status: str
    annotator: str
    note: str


class Progress(NamedTuple):
    """How far it is."""

    finished: int
    """Done, in review, or skipped."""
    total: int


class TaskBook(QObject):
    """Reads the cells once, then listens."""

    changed = pyqtSignal()

    def __init__(self, layer: QgsVectorLayer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer = layer
        self._at = {
            field.name(): layer.fields().lookupField(field.name()) for field in layer.fields()
        }
        self._name_of = {index: name for name, index in self._at.items()}
        self._tasks: dict[int, Task] = {}
        self._read()
        layer.attributeValueChanged.connect(self._attribute_changed)
        layer.afterRollBack.connect(self._read)

    def stop(self) -> None:
        """Listen no longer."""
        self.layer.attributeValueChanged.disconnect(self._attribute_changed)
        self.layer.afterRollBack.disconnect(self._read)

    @property
    def tasks(self) -> list[Task]:
        """All cells in a snake: every other row runs backwards, so that neighbours follow."""
        return sorted(
            self._tasks.values(),
            key=lambda task: (task.image, task.row, -task.col if task.row % 2 else task.col),
        )

    def task(self, fid: int) -> Task | None:
        """The cell of this feature id."""
        return self._tasks.get(fid)

    def shape(self, fid: int) -> QgsGeometry:
        """The cell's polygon."""
        return self.layer.getFeature(fid).geometry()

    def at(self, cell: str) -> Task | None:
        """The cell of this name."""
        return next((task for task in self._tasks.values() if task.cell == cell), None)

    def step(
        self, current: int | None, forward: bool, order: str, counts: dict[int, int], mine: str
    ) -> Task | None:
        """The cell to go to.

        Forward goes to the next open one, first those of `mine` or of nobody, round the end;
        backward to the one before, whatever its status. None: nothing is open (or there are none).
        """
        tasks = self.tasks
        if order == LEAST_DONE:
            ranks = {TODO: 0, DOING: 1}
            tasks.sort(key=lambda t: (ranks.get(t.status, 2), counts.get(t.fid, 0)))
            if forward:
                return next((t for t in tasks if t.fid != current and _open_to(t, mine)), None)
            tasks = self.tasks
        place = next((n for n, task in enumerate(tasks) if task.fid == current), None)
        if not forward:
            return tasks[(place if place is not None else 0) - 1] if tasks else None
        begin = 0 if place is None else place + 1
        return next((t for t in tasks[begin:] + tasks[:begin] if _open_to(t, mine)), None)

    def mark(self, fid: int, status: str, annotator: str, note: str | None = None) -> None:
        """Set a cell's status in one step of undo."""
        task = self._tasks[fid]
        values = {STATUS: status}
        if annotator and not task.annotator:
            values[ANNOTATOR] = annotator
        if note is not None:
            values[NOTE] = note
        self.write({fid: values}, tr("Cell {status}").format(status=status))

    def write(self, changes: dict[int, dict[str, str]], title: str) -> None:
        """Change cells in one step of undo; turns editing on where it is off."""
        if not self.layer.isEditable():
            self.layer.startEditing()
        now = QDateTime.currentDateTime()
        self.layer.beginEditCommand(title)
        for fid, values in changes.items():
            old = self._feature(fid)
            for name, value in {**values, CHANGED: now}.items():
                if old[name] != value:
                    self.layer.changeAttributeValue(fid, self._at[name], value, old[name], True)
        self.layer.endEditCommand()
        self.layer.triggerRepaint()

    def hand_out(self, names: Sequence[str]) -> dict[str, int]:
        """Give the open cells to annotators, to each a run of neighbours; returns cells by name."""
        cells = [task for task in self.tasks if task.status in OPEN]
        share, changes, counts = len(cells) / max(1, len(names)), {}, dict.fromkeys(names, 0)
        for number, task in enumerate(cells):
            name = names[min(len(names) - 1, int(number / share))]
            counts[name] += 1
            if task.annotator != name:
                changes[task.fid] = {ANNOTATOR: name}
        if changes:
            self.write(changes, tr("Hand out cells"))
        return counts

    def progress(self) -> Progress:
        """Of all cells."""
        return _progress(self._tasks.values())

    def progress_by_annotator(self) -> dict[str, Progress]:
        """Of the cells that somebody has, by name."""
        names = sorted({task.annotator for task in self._tasks.values() if task.annotator})
        return {
            name: _progress(t for t in self._tasks.values() if t.annotator == name)
            for name in names
        }

    def _feature(self, fid: int) -> QgsFeature:
        request = QgsFeatureRequest(fid).setFlags(QgsFeatureRequest.Flag.NoGeometry)
        return next(self.layer.getFeatures(request))

    def _read(self) -> None:
        request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
        self._tasks = {
            feature.id(): Task(
                feature.id(),
                _text(feature[CELL]),
                _text(feature[IMAGE]),
                _number(feature[ROW]),
                _number(feature[COL]),
                _text(feature[STATUS]) or TODO,
                _text(feature[ANNOTATOR]),
                _text(feature[NOTE]),
            )
            for feature in self.layer.getFeatures(request)
        }
        self.changed.emit()

    def _attribute_changed(self, fid: int, index: int, value: object) -> None:
        name, task = self._name_of.get(index), self._tasks.get(fid)
        if task is not None and name in (STATUS, ANNOTATOR, NOTE):
            self._tasks[fid] = task._replace(**{name: _text(value)})
            self.changed.emit()


class CellCounts(QObject):
    """How many polygons touch each cell; counted once, then kept by what changes."""

    def __init__(self, tasks: QgsVectorLayer, labels: QgsVectorLayer) -> None:
        super().__init__()
        self._labels = labels
        self._index = QgsSpatialIndex(tasks.getFeatures())
        self._cells_of: dict[int, list[int]] = {}
        self._counts: dict[int, int] | None = None
        labels.featureAdded.connect(self._put)
        labels.featureDeleted.connect(self._take)
        labels.geometryChanged.connect(self._put)
        labels.afterRollBack.connect(self._forget)

    def stop(self) -> None:
        """Listen no longer."""
        self._labels.featureAdded.disconnect(self._put)
        self._labels.featureDeleted.disconnect(self._take)
        self._labels.geometryChanged.disconnect(self._put)
        self._labels.afterRollBack.disconnect(self._forget)

    def counts(self) -> dict[int, int]:
        """Polygons by the cell's feature id; cells without any are left out."""
        if self._counts is None:
            self._counts = {}
            for feature in self._labels.getFeatures(QgsFeatureRequest().setNoAttributes()):
                self._enter(feature)
        return self._counts

    def _forget(self) -> None:
        self._counts = None
        self._cells_of.clear()

    def _enter(self, feature: QgsFeature) -> None:
        cells = self._index.intersects(feature.geometry().boundingBox())
        self._cells_of[feature.id()] = cells
        for fid in cells:
            self._counts[fid] = self._counts.get(fid, 0) + 1

    def _take(self, fid: int) -> None:
        if self._counts is not None:
            for cell in self._cells_of.pop(fid, []):
                self._counts[cell] -= 1

    def _put(self, fid: int, *_: object) -> None:
        if self._counts is not None:
            self._take(fid)
            feature = self._labels.getFeature(fid)
            if feature.isValid():
                self._enter(feature)


def _open_to(task: Task, mine: str) -> bool:
    return task.status in OPEN and (not task.annotator or task.annotator == mine)


def _progress(tasks: Iterable[Task]) -> Progress:
    statuses = [task.status for task in tasks]
    return Progress(sum(status in (DONE, REVIEW, SKIP) for status in statuses), len(statuses))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
