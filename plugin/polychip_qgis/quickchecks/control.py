# SPDX-License-Identifier: GPL-2.0-or-later
"""Joins the quick checks to QGIS: the list, the map, the project that is drawn in, the export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsProject,
    QgsRectangle,
    QgsWkbTypes,
)
from qgis.gui import QgisInterface, QgsRubberBand
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QAction

from ..about import icon
from ..dock_settings import DockSettings
from ..drawing.annotator import annotator
from ..drawing.edits import EditRefused
from ..drawing.label_layers import file_of
from ..drawing.tables import TableError
from ..export_control import tell
from ..translation import tr
from .catalogue import INFO
from .checked import read_checked, write_checked
from .mending import mend
from .problem import Mark, Problem, whole_summary
from .problem_dock import ProblemDock
from .subject import Subject, subject_of_project
from .watch import Watch

MARK_COLOR = QColor(255, 0, 200)
VIEW_PX = 60
"""A problem is shown with at least so many of the image's pixels around it."""


class ProblemControl(QObject):
    """One for the plugin; `drawing` is the plugin's DrawingControl."""

    def __init__(self, iface: QgisInterface, drawing: Any) -> None:
        super().__init__(iface.mainWindow())
        self._iface, self._drawing = iface, drawing
        self.watch: Watch | None = None
        """Of the labels that are drawn in, or were to be exported."""
        self._checked: set[Mark] = set()
        self._waiting: list[Callable[[], None]] = []
        window = iface.mainWindow()
        self.dock = ProblemDock(window)
        iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        self.dock.hide()
        self.toggle_action = QAction(icon(), tr("Polychip Problems"), window)
        self.toggle_action.setObjectName("polychipToggleProblems")
        self.toggle_action.setToolTip(tr("Show or hide the list of problems in the labels"))
        self.dock.setToggleVisibilityAction(self.toggle_action)
        canvas = iface.mapCanvas()
        self._band = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
        self._dot = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PointGeometry)
        for band in (self._band, self._dot):
            band.setColor(MARK_COLOR)
            band.setFillColor(QColor(255, 0, 200, 40))
            band.setWidth(3)
        self._dot.setIconSize(14)
        self._dot.setIcon(QgsRubberBand.IconType.ICON_CIRCLE)
        self.dock.problemChosen.connect(self.show_on_map)
        self.dock.fixRequested.connect(self.fix)
        self.dock.checkedRequested.connect(self.set_checked)
        self.dock.againRequested.connect(self.check_again)
        self.dock.visibilityChanged.connect(self._shown)
        drawing.sessionChanged.connect(self._session_changed)
        drawing.actions.deed.connect(self._deed)
        drawing.palette.commandChosen.connect(self._command)
        QgsProject.instance().layersWillBeRemoved.connect(self._layers_going)

    def unload(self) -> None:
        """Take everything away again."""
        QgsProject.instance().layersWillBeRemoved.disconnect(self._layers_going)
        self._leave()
        scene = self._iface.mapCanvas().scene()
        for band in (self._band, self._dot):
            scene.removeItem(band)
        self._iface.removeDockWidget(self.dock)
        for thing in (self.dock, self.toggle_action):
            thing.deleteLater()
        self.deleteLater()

    # --- which labels

    def open(self) -> None:
        """Show the list, and look at the labels that are drawn in."""
        self.dock.setUserVisible(True)
        self._attach()

    def check_again(self) -> None:
        """From the beginning: images and cells may have changed."""
        subject = self.watch.subject if self.watch is not None else None
        session = self._drawing.session
        if session is not None and (subject is None or subject.layer is session.labels):
            self._leave()
            self._attach()
        elif self.watch is not None:
            self.watch.look_at_all()

    def _attach(self) -> None:
        session = self._drawing.session
        if self.watch is None and session is not None:
            rasters = QgsProject.instance().layerTreeRoot().layerOrder()
            self.take(subject_of_project(session.layers, rasters))

    def take(self, subject: Subject) -> None:
        """List this layer's problems from now on."""
        self._leave()
        self._read_checked(subject)
        self.watch = Watch(subject, self)
        self.watch.changed.connect(self._refresh)
        self.watch.settled.connect(self._settled)
        self.watch.progressed.connect(self.dock.show_progress)
        subject.layer.editingStarted.connect(self._refresh)
        subject.layer.editingStopped.connect(self._refresh)
        for text in subject.left_out:
            self._drawing.tell(text, Qgis.MessageLevel.Warning)

    def _leave(self) -> None:
        watch, self.watch = self.watch, None
        self._clear_marks()
        self._waiting = []
        if watch is None:
            return
        watch.stop()
        layer = watch.subject.layer
        layer.editingStarted.disconnect(self._refresh)
        layer.editingStopped.disconnect(self._refresh)
        watch.deleteLater()
        self.dock.show_problems([], set())
        self.dock.show_progress(0, 0)

    def _session_changed(self) -> None:
        self._leave()
        if self.dock.isVisible():
            self._attach()

    def _layers_going(self, ids: list[str]) -> None:
        if self.watch is not None:
            subject = self.watch.subject
            for layer in (subject.layer, subject.tasks, subject.extent):
                if layer is not None and layer.id() in ids:
                    self._leave()
                    return

    def _shown(self, visible: bool) -> None:
        if visible:
            self._attach()
        else:
            self._clear_marks()

    def _deed(self, name: str) -> None:
        if name == "problem":
            if not self.dock.isVisible():
                self.open()
            elif self.dock.choose_next() is None:
                self._drawing.tell(tr("No problems."), Qgis.MessageLevel.Success)

    def _command(self, name: str) -> None:
        if name == "problems":
            self.open()
        elif name == "check":
            self.summarise()

    # --- showing

    def open_problems(self) -> list[Problem]:
        """Those that nobody has checked, the worst first."""
        found = self.watch.problems() if self.watch is not None else []
        return [problem for problem in found if problem.mark not in self._checked]

    def _refresh(self) -> None:
        if self.watch is not None:
            self.dock.show_problems(self.watch.problems(), self._checked, self._can_edit())

    def _can_edit(self) -> bool:
        session = self._drawing.session
        return (
            session is not None
            and self.watch is not None
            and self.watch.subject.layer is session.labels
            and session.labels.isEditable()
        )

    def show_on_map(self, problem: Problem) -> None:
        """Go there and mark it."""
        self._clear_marks()
        if problem.where.isNull() or problem.where.isEmpty() or self.watch is None:
            return
        layer = self.watch.subject.layer
        if problem.where.type() == QgsWkbTypes.GeometryType.PointGeometry:
            self._dot.setToGeometry(problem.where, layer)
            row = self.watch.checker.row(problem.fid)
            if row is not None:
                self._band.setToGeometry(row.geometry, layer)
        else:
            self._band.setToGeometry(problem.where, layer)
        canvas = self._iface.mapCanvas()
        move = QgsCoordinateTransform(
            layer.crs(), canvas.mapSettings().destinationCrs(), QgsProject.instance()
        )
        box = QgsRectangle(problem.where.boundingBox())
        box.scale(1.6)
        missing = VIEW_PX * self._pixel() - max(box.width(), box.height())
        if missing > 0:
            box.grow(missing / 2)
        canvas.setExtent(move.transformBoundingBox(box))
        canvas.refresh()

    def _pixel(self) -> float:
        """Side of a pixel of the first image in units of the labels, roughly."""
        images = self.watch.subject.images
        if not images:
            return 0.0
        return images[0].box.width() / images[0].grid.width

    def _clear_marks(self) -> None:
        self._band.reset(QgsWkbTypes.GeometryType.PolygonGeometry)
        self._dot.reset(QgsWkbTypes.GeometryType.PointGeometry)

    # --- doing

    def fix(self, problems: list[Problem]) -> int:
        """Mend what is safe in one step of undo; returns how many polygons were changed."""
        if not self._can_edit():
            return 0
        self.watch.finish()
        now = {problem.mark for problem in self.watch.problems()}
        session = self._drawing.session
        asked = [problem for problem in problems if problem.mark in now]
        mending = mend(asked, self.watch.checker, session.tally.next_id)
        if not mending.n:
            return 0
        try:
            session.editor.mend(mending.reshaped, mending.deleted, mending.renumbered)
        except EditRefused as refused:
            self._drawing.tell(str(refused), Qgis.MessageLevel.Warning)
            return 0
        self._clear_marks()
        self.watch.finish()
        return mending.n

    def set_checked(self, problems: list[Problem], checked: bool) -> None:
        """Remember that somebody has looked, or forget it."""
        if self.watch is None:
            return
        marks = [problem.mark for problem in problems]
        path = self._geopackage(self.watch.subject)
        try:
            if path is not None:
                write_checked(path, marks, checked, annotator())
        except TableError as error:
            self._drawing.tell(str(error), Qgis.MessageLevel.Warning)
        self._checked = self._checked | set(marks) if checked else self._checked - set(marks)
        self._refresh()

    def _read_checked(self, subject: Subject) -> None:
        path = self._geopackage(subject)
        try:
            self._checked = read_checked(path) if path is not None else set()
        except TableError:
            self._checked = set()

    def _geopackage(self, subject: Subject) -> Any:
        """Only a labelling project's own file is written to."""
        session = self._drawing.session
        mine = session is not None and subject.layer is session.labels
        return file_of(subject.layer) if mine else None

    # --- the summary

    def summarise(self) -> None:
        """Look at everything, then say what there is."""
        self._attach()
        if self.watch is not None:
            self._when_settled(lambda: self._tell(whole_summary(self.open_problems())))

    def before_export(self, settings: DockSettings, go: Callable[[], None]) -> None:
        """Look at labels that are drawn here; go on when nothing worse than `info` is there.

        Else the counts are told, and the user goes on or looks. Labels that come from elsewhere
        are the engine's to judge.
        """
        subject = self._subject_of(settings)
        if subject is None:
            go()
            return
        if self.watch is None or self.watch.subject.layer is not subject.layer:
            self.take(subject)
        self._when_settled(lambda: self._go_on_or_look(go))

    def _when_settled(self, act: Callable[[], None]) -> None:
        """Do it when everything was looked at; QGIS can be used meanwhile."""
        if self.watch.busy:
            self._waiting.append(act)
        else:
            act()

    def _settled(self) -> None:
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()

    def _go_on_or_look(self, go: Callable[[], None]) -> None:
        found = self.open_problems()
        if all(problem.severity == INFO for problem in found):
            go()
            return
        self._tell(whole_summary(found), ("polychipExportAnyway", tr("Export Anyway"), go))

    def _subject_of(self, settings: DockSettings) -> Subject | None:
        layer, session = QgsProject.instance().mapLayer(settings.labels), self._drawing.session
        if layer is None or session is None or session.labels is not layer:
            return None
        rasters = QgsProject.instance().layerTreeRoot().layerOrder()
        return subject_of_project(session.layers, rasters)

    def _tell(self, text: str, *buttons: tuple) -> None:
        look = ("polychipLookAtProblems", tr("Look"), self.open)
        found = bool(self.open_problems())
        level = Qgis.MessageLevel.Warning if found else Qgis.MessageLevel.Success
        tell(self._iface, text, level, *buttons, *((look,) if found else ()))
