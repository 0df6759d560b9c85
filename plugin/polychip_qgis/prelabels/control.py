# SPDX-License-Identifier: GPL-2.0-or-later
"""Joins the pre-labels' panel and preview to the map and the project that is drawn in."""

from __future__ import annotations

from typing import Any

import numpy as np
from qgis.core import Qgis, QgsCoordinateTransform
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject, Qt, QTimer
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QAction, QApplication

from ..drawing.edits import EditRefused
from ..raster_grid import NoPixelGridError
from ..translation import tr
from .bands import fitting
from .cell_jobs import CellJobs
from .convert import Wanted
from .formula import Formula, FormulaError, parse
from .histogram import span_of
from .overlay import OPACITY, SETTLE_MS, Overlay
from .panel import PrelabelPanel
from .pixels import Dates, PixelError, image_for, swapped, values_of
from .threshold import Histogram, Rule, histogram, otsu
from .view import View, to_image, view_of
from .wand_control import WandControl

PROBLEMS = (FormulaError, PixelError, NoPixelGridError)


class PrelabelControl(QObject):
    """One for the plugin; `drawing` is the plugin's DrawingControl."""

    def __init__(self, iface: QgisInterface, drawing: Any) -> None:
        super().__init__(iface.mainWindow())
        self._drawing = drawing
        self._canvas = iface.mapCanvas()
        self.panel = PrelabelPanel(drawing.actions)
        drawing.palette.add_group(self.panel, after="toolGroup")
        self.overlay = Overlay(self._canvas, OPACITY)
        self.wand = WandControl(iface, drawing, self._index, self.panel.smooth.isChecked)
        self.jobs = CellJobs(drawing, self.panel)
        self._session: Any = None
        self._view: View | None = None
        self._now: np.ndarray | None = None
        self._before: np.ndarray | None = None
        self._histogram: Histogram | None = None
        self._unseen = True
        """Nobody has seen yet what the threshold picks by this formula of this image."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.look)
        self._connect()
        self._session_changed()

    def unload(self) -> None:
        """Take everything away again."""
        self._timer.stop()
        self.jobs.leave()
        for signal in self._map_signals():
            signal.disconnect(self._map_moves)
        self._drawing.sessionChanged.disconnect(self._session_changed)
        self._drawing.actions.deed.disconnect(self._deed)
        self.wand.remove()
        self.overlay.remove()
        self.deleteLater()

    @property
    def showing(self) -> bool:
        """Whether the preview is on."""
        return self._action.isChecked() and self._drawing.session is not None

    @property
    def _action(self) -> QAction:
        return self._drawing.actions.by_name["prelabel"]

    # --- looking

    def look_soon(self) -> None:
        """When the map rests."""
        self._timer.start()

    def look(self) -> None:
        """Reckon the index of what the map shows, and show what the threshold picks."""
        self._timer.stop()
        self._view = self._now = self._before = self._histogram = None
        if not self.showing:
            self.overlay.show_picture(None)
            self.wand.tool.forget_view()
            return
        self._offer()
        try:
            self._reckon()
        except PROBLEMS as error:
            self._view = self._now = None
            self.overlay.show_picture(None)
            self.panel.show_values(None, None)
            self.panel.tell(str(error))
        else:
            self.panel.tell("")
            self._paint()
        self.wand.tool.forget_view()

    def wanted(self) -> Wanted:
        """What the panel asks for.

        Raises:
            FormulaError, PixelError, NoPixelGridError: why that cannot be.
        """
        panel = self.panel
        if self._unseen:
            raise PixelError(
                tr("Look at the preview first ({key}), then convert.").format(
                    key=self._drawing.actions.key_of("prelabel")
                )
            )
        formula = self._formula()
        rule = Rule(panel.name, panel.threshold, panel.below, panel.only_new.isChecked())
        return Wanted(
            self._dates(formula), formula, rule, panel.least.value(), panel.fill.value(),
            panel.smooth.isChecked(),
        )  # fmt: skip

    def _reckon(self) -> None:
        formula = self._formula()
        dates = self._dates(formula)
        self._view = view_of(dates.now, self._canvas.mapSettings())
        if self._view is None:
            raise PixelError(tr("The map shows nothing of “{name}”.").format(name=dates.now.name))
        self._now = values_of(dates, formula, self._view.window)
        if self.panel.only_new.isChecked():
            self._before = swapped(dates, formula, self._view.window)
        found = histogram(self._now)
        self._histogram = found
        self.panel.show_values(found, span_of(found) if found is not None else None)
        if self._unseen and found is not None:
            self._unseen = False
            self.panel.set_threshold(otsu(found))

    def _paint(self) -> None:
        if self._view is None or self._now is None:
            return
        panel = self.panel
        rule = Rule("", panel.threshold, panel.below, panel.only_new.isChecked())
        if rule.only_new and self._before is None:
            self.look_soon()
            return
        mask = rule.picks(self._now, self._before)
        self.overlay.show_picture(self._view.picture(mask, self._color()))

    def _index(self) -> tuple[View, np.ndarray] | None:
        """The view and its values while the preview is on."""
        if not self.showing or self._now is None:
            return None
        return self._view, self._now

    def _color(self) -> QColor:
        session = self._drawing.session
        known = session.current if session is not None else None
        return QColor(known.color if known is not None else "#ff8c00")

    def _formula(self) -> Formula:
        return parse(self.panel.formula.text())

    def _dates(self, formula: Formula) -> Dates:
        first, second = (box.currentLayer() for box in self._drawing.palette.compare_boxes)
        if first is None:
            raise PixelError(tr("Choose the image under View first."))
        both = self.panel.only_new.isChecked() or any(band.other for band in formula.bands)
        if not both:
            return Dates(image_for(first))
        if second is None or second is first:
            raise PixelError(tr("Load a second date and choose it under View."))
        return Dates(image_for(first), image_for(second))

    def _offer(self) -> None:
        layer = self._drawing.view.image()
        if layer is None:
            return
        try:
            self.panel.offer(fitting(image_for(layer).bands))
        except NoPixelGridError as error:
            self.panel.tell(str(error))

    # --- polygons

    def convert_cell(self) -> None:
        """Make polygons of the pixels inside the current cell, in one step of undo."""
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            self.jobs.convert_current(self.wanted(), self._to_image)
        except (*PROBLEMS, EditRefused) as error:
            self._tell(str(error))
        finally:
            QApplication.restoreOverrideCursor()

    def convert_all(self) -> None:
        """Of all cells to do, in the background."""
        try:
            self.jobs.convert_all(self.wanted(), self._to_image)
        except (*PROBLEMS, EditRefused) as error:
            self._tell(str(error))

    def _to_image(self, wanted: Wanted) -> QgsCoordinateTransform:
        return to_image(wanted.dates.now, self._drawing.session.labels.crs())

    # --- what happens around

    def _map_signals(self) -> list[Any]:
        canvas = self._canvas
        return [canvas.extentsChanged, canvas.rotationChanged, canvas.destinationCrsChanged]

    def _connect(self) -> None:
        for signal in self._map_signals():
            signal.connect(self._map_moves)
        self._drawing.sessionChanged.connect(self._session_changed)
        self._drawing.actions.deed.connect(self._deed)
        panel = self.panel
        panel.formulaChanged.connect(self._formula_changed)
        panel.ruleChanged.connect(self._paint)
        panel.allCellsRequested.connect(self.convert_all)
        panel.cancelRequested.connect(self.jobs.cancel)
        first, second = self._drawing.palette.compare_boxes
        first.layerChanged.connect(self._image_changed)
        second.layerChanged.connect(self._other_changed)

    def _session_changed(self) -> None:
        """The labelling project is another one, or gone."""
        self.jobs.leave()
        self._session = self._drawing.session
        self._unseen = True
        if self._session is None:
            self._action.setChecked(False)
        else:
            self._session.stateChanged.connect(self._paint)
        self.panel.setVisible(self._session is not None)
        self._offer()
        self.look()

    def _deed(self, name: str) -> None:
        if self._drawing.session is None:
            return
        if name == "prelabel":
            self.look()
        elif name == "otsu":
            self._otsu()
        elif name == "convert":
            self.convert_cell()

    def _map_moves(self, *_: object) -> None:
        self.overlay.show_picture(None)
        if self.showing:
            self.look_soon()

    def _image_changed(self, *_: object) -> None:
        self._unseen = True
        self._offer()
        self.wand.tool.give_up()
        self.look_soon()

    def _other_changed(self, *_: object) -> None:
        self.look_soon()

    def _formula_changed(self) -> None:
        self._unseen = True
        self.look()

    def _otsu(self) -> None:
        if self._histogram is None:
            self._action.setChecked(True)
            self.look()
        if self._histogram is not None:
            self.panel.set_threshold(otsu(self._histogram))

    def _tell(self, text: str) -> None:
        self._drawing.tell(text, Qgis.MessageLevel.Warning)
