# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells turned into pre-labels: the current one at once, all that are to do in the background."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsCoordinateTransform, QgsGeometry
from qgis.PyQt.QtCore import QObject

from ..drawing import shapes
from ..drawing.annotator import annotator
from ..drawing.edits import EditRefused
from ..drawing.names import DOING, TODO
from ..drawing.task_book import Task
from ..recipe import scene_name
from ..translation import tr
from .convert import Cell, Wanted, prelabels
from .convert_task import ConvertTask, Made
from .panel import PrelabelPanel

MOST_POLYGONS = 50_000
"""More than that nobody corrects; regions that small are speckle."""
ToImage = Callable[[Wanted], QgsCoordinateTransform]


class CellJobs(QObject):
    """At most one background job at a time."""

    def __init__(self, drawing: Any, panel: PrelabelPanel) -> None:
        super().__init__(drawing)
        self._drawing, self._panel = drawing, panel
        self._task: ConvertTask | None = None
        self._session: Any = None
        """The session that the background works for."""
        self._touched: set[int] = set()
        """Polygons drawn or changed since the background has begun."""

    @property
    def running(self) -> bool:
        """Whether the background is at work."""
        return self._task is not None

    def convert_current(self, wanted: Wanted, to_image: ToImage) -> None:
        """The current cell. Raises EditRefused, PixelError."""
        session = self._drawing.session
        task = session.task()
        if task is None:
            raise EditRefused(tr("No cell is chosen: press Next first."))
        if task.status not in (TODO, DOING):
            raise EditRefused(
                tr("Cell {cell} is finished; it is left alone.").format(cell=task.cell)
            )
        shape = session.book.shape(task.fid)
        drawn = session.editor.shapes_near(shape.boundingBox())
        cell = Cell(task.fid, shape, drawn)
        self._add([Made(task.fid, prelabels(wanted, cell, to_image(wanted)))], wanted)

    def convert_all(self, wanted: Wanted, to_image: ToImage) -> None:
        """All cells to do, in the background. Raises EditRefused."""
        session = self._drawing.session
        if self._task is not None:
            return
        if session.book is None:
            raise EditRefused(tr("The project has no task layer."))
        cells = [
            (task.fid, session.book.shape(task.fid))
            for task in self._open_cells(wanted.dates.now.name)
        ]
        if not cells:
            raise EditRefused(tr("No cell is left to do."))
        self._session, self._touched = session, set()
        session.labels.featureAdded.connect(self._added)
        session.labels.geometryChanged.connect(self._reshaped)
        self._task = ConvertTask(wanted, cells, session.labels, to_image(wanted))
        self._task.progressChanged.connect(self._progressed)
        self._task.ended.connect(self._ended)
        self._panel.show_running(0)
        QgsApplication.taskManager().addTask(self._task)

    def cancel(self) -> None:
        """Stop the background; nothing is changed."""
        if self._task is not None:
            self._task.cancel()

    def leave(self) -> None:
        """The labels go: stop, and touch them no more."""
        self.cancel()
        self._forget()

    def _open_cells(self, image: str) -> list[Task]:
        """To do and mine or nobody's, and the current one; of the image, where cells name it."""
        session = self._drawing.session
        mine, scene = annotator(), scene_name(image)
        tasks = session.book.tasks
        if any(task.image == scene for task in tasks):
            tasks = [task for task in tasks if task.image == scene]
        return [
            task
            for task in tasks
            if (task.status == TODO and task.annotator in ("", mine))
            or (task.status == DOING and task.fid == session.cell)
        ]

    def _added(self, fid: int) -> None:
        self._touched.add(fid)

    def _reshaped(self, fid: int, geometry: QgsGeometry) -> None:  # noqa: ARG002 - read at the end
        self._touched.add(fid)

    def _progressed(self, percent: float) -> None:
        if self._task is not None:
            self._panel.show_running(percent)

    def _ended(self) -> None:
        task, self._task = self._task, None
        self._panel.show_running(None)
        if self._session is None:
            return
        self._forget()
        if task.problem:
            self._drawing.tell(task.problem, Qgis.MessageLevel.Warning)
        elif task.isCanceled():
            self._drawing.tell(tr("Cancelled: no pre-label was made."))
        else:
            try:
                self._add([self._still_free(made) for made in task.made], task.wanted)
            except EditRefused as refused:
                self._drawing.tell(str(refused), Qgis.MessageLevel.Warning)

    def _forget(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.labels.featureAdded.disconnect(self._added)
            session.labels.geometryChanged.disconnect(self._reshaped)

    def _still_free(self, made: Made) -> Made:
        """Without what was drawn or finished in the meantime."""
        session = self._drawing.session
        task = session.book.task(made.key)
        if task is None or task.status not in (TODO, DOING):
            return made._replace(polygons=[])
        drawn = session.editor.shapes_of(self._touched)
        if not drawn:
            return made
        left = []
        for shape in made.polygons:
            met = [other for other in drawn if other.boundingBox().intersects(shape.boundingBox())]
            rest = shapes.polygons_of(shape.difference(shapes.union(met))) if met else shape
            if not rest.isEmpty():
                left.append(rest)
        return made._replace(polygons=left)

    def _add(self, made: list[Made], wanted: Wanted) -> None:
        polygons = [shape for part in made for shape in part.polygons]
        if not polygons:
            raise EditRefused(tr("Nothing to add: the threshold picks no free pixel here."))
        if len(polygons) > MOST_POLYGONS:
            raise EditRefused(
                tr("{count} polygons are more than {most}: raise Smallest, or move the threshold.")
                .format(count=len(polygons), most=MOST_POLYGONS)
            )  # fmt: skip
        self._drawing.take_prelabels(polygons, wanted.rule.tool)
        n_cells = sum(bool(part.polygons) for part in made)
        self._panel.tell(
            tr("{count} polygons in {cells} cells, one step of undo.").format(
                count=len(polygons), cells=n_cells
            )
        )
