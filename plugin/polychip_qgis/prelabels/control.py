# SPDX-License-Identifier: GPL-2.0-or-later
"""Joins the pre-labels' panel, overlay and wand with the drawing; undone by `remove`."""

from __future__ import annotations

from typing import Any

import numpy as np
from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsRasterLayer,
)
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject, QTimer
from qgis.PyQt.QtGui import QColor

from ..drawing.edits import EditRefused
from ..raster_grid import NoPixelGridError
from ..translation import tr
from .bands import fitting
from .cell_jobs import CellJobs
from .convert import Wanted, carried_back, placed
from .formula import Formula, FormulaError, parse
from .histogram import span_of
from .outlines import outlines
from .overlay import Overlay
from .panel import PrelabelPanel
from .pixels import Dates, Image, PixelError, Window, image_for, read_bands, swapped, values_of
from .shown_bands import shown_bands
from .threshold import Histogram, Rule, histogram, otsu
from .view import View, to_image, view_of
from .wand import likeness
from .wand_tool import Seen, WandTool

DEEDS = ("prelabel", "otsu", "convert")
OPACITY = 0.6
SETTLE_MS = 120
"""How long the map must rest before its pixels are looked at anew."""


class PrelabelControl(QObject):
    """One for the drawing."""

    def __init__(self, iface: QgisInterface, drawing: Any) -> None:
        super().__init__(drawing)
        self._drawing = drawing
        self._canvas = iface.mapCanvas()
        self.panel = PrelabelPanel(drawing.actions)
        drawing.palette.add_group(self.panel, after="toolGroup")
        self.overlay = Overlay(self._canvas, OPACITY)
        self.wand = WandTool(self._canvas, self._see)
        drawing.map.add_tool("wand", self.wand)
        self.jobs = CellJobs(drawing, self.panel)
        self._view: View | None = None
        self._now: np.ndarray | None = None
        self._before: np.ndarray | None = None
        self._histogram: Histogram | None = None
        self._formula_is_new = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.look)
        self._connect()

    def remove(self) -> None:
        """Take everything off the map."""
        self._timer.stop()
        self.jobs.cancel()
        self._canvas.extentsChanged.disconnect(self._map_moves)
        self._canvas.rotationChanged.disconnect(self._map_moves)
        self._canvas.destinationCrsChanged.disconnect(self._map_moves)
        self.wand.remove()
        self.overlay.remove()

    def attach(self) -> None:
        """The labelling project has changed, or is gone."""
        self.jobs.cancel()
        self._formula_is_new = True
        if self._drawing.session is None:
            self._drawing.actions.by_name["prelabel"].setChecked(False)
        self._offer()
        self.look_soon()

    def do(self, name: str) -> bool:
        """Do a deed of the pre-labels; False for all others."""
        if name not in DEEDS:
            return False
        if name == "prelabel":
            self.look()
        elif name == "otsu":
            self._otsu()
        else:
            self.convert_cell()
        return True

    @property
    def showing(self) -> bool:
        """Whether pre-labels are on the map."""
        action = self._drawing.actions.by_name["prelabel"]
        return action.isChecked() and self._drawing.session is not None

    # --- looking

    def look_soon(self) -> None:
        """When the map rests."""
        self._timer.start()

    def look(self) -> None:
        """Reckon the index of what the map shows, and show what the threshold picks."""
        self._timer.stop()
        self._view = self._now = self._before = self._histogram = None
        self.wand.forget_view()
        if not self.showing:
            self.overlay.show_picture(None)
            return
        self._offer()
        try:
            self._reckon()
        except (FormulaError, PixelError, NoPixelGridError) as error:
            self.overlay.show_picture(None)
            self.panel.show_values(None, None)
            self.panel.tell(str(error))
            return
        self.panel.tell("")
        self._paint()

    def wanted(self) -> Wanted:
        """What the panel asks for.

        Raises:
            FormulaError, PixelError, NoPixelGridError: why that cannot be.
        """
        panel = self.panel
        rule = Rule(panel.name, panel.threshold, panel.below, panel.only_new.isChecked())
        return Wanted(
            self._dates(self._formula()), self._formula(), rule, panel.least.value(),
            panel.fill.value(), panel.smooth.isChecked(),
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
        if self._formula_is_new and found is not None:
            self._formula_is_new = False
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
        if not isinstance(layer, QgsRasterLayer):
            return
        try:
            self.panel.offer(fitting(image_for(layer).bands))
        except NoPixelGridError as error:
            self.panel.tell(str(error))

    # --- the wand

    def _see(self) -> Seen | None:
        """What the wand compares: the index while pre-labels show, else the bands that are shown."""
        try:
            if self.showing and self._now is not None:
                return Seen(self._view, likeness(self._view.window, [self._now]))
            layer = self._drawing.view.image()
            if layer is None:
                raise PixelError(tr("Choose the image under View first."))
            image = image_for(layer)
            view = view_of(image, self._canvas.mapSettings())
            if view is None:
                raise PixelError(tr("The map shows nothing of “{name}”.").format(name=image.name))
            read = read_bands(image, shown_bands(layer), view.window)
            return Seen(view, likeness(view.window, list(read.values())))
        except (PixelError, NoPixelGridError) as error:
            self._tell(str(error))
            return None

    def _wand_kept(
        self, image: Image, window: Window, mask: np.ndarray, tolerance: float
    ) -> None:
        try:
            inside = np.ones(mask.shape, dtype=bool) if self.panel.smooth.isChecked() else None
            traced = outlines(mask, inside, placed(image, window))
            to_it = to_image(image, self._drawing.session.labels.crs())
            polygons = carried_back(traced, image, to_it)
        except (PixelError, NoPixelGridError) as error:
            self._tell(str(error))
            return
        self._drawing.take_polygons(polygons, f"wand:{tolerance:.3g}")

    # --- polygons

    def convert_cell(self) -> None:
        """Make polygons of the pixels inside the current cell, in one step of undo."""
        try:
            self.jobs.convert_current(self.wanted(), self._to_image)
        except (FormulaError, PixelError, NoPixelGridError, EditRefused) as error:
            self._tell(str(error))

    def convert_all(self) -> None:
        """Of all cells to do, in the background."""
        try:
            self.jobs.convert_all(self.wanted(), self._to_image)
        except (FormulaError, PixelError, NoPixelGridError, EditRefused) as error:
            self._tell(str(error))

    def _to_image(self, wanted: Wanted) -> QgsCoordinateTransform:
        return to_image(wanted.dates.now, self._drawing.session.labels.crs())

    # --- what happens around

    def _connect(self) -> None:
        for signal in (
            self._canvas.extentsChanged,
            self._canvas.rotationChanged,
            self._canvas.destinationCrsChanged,
        ):
            signal.connect(self._map_moves)
        panel = self.panel
        panel.formulaChanged.connect(self._formula_changed)
        panel.ruleChanged.connect(self._paint)
        panel.allCellsRequested.connect(self.convert_all)
        panel.cancelRequested.connect(self.jobs.cancel)
        self._drawing.palette.compare_boxes[0].layerChanged.connect(self._image_changed)
        self._drawing.palette.compare_boxes[1].layerChanged.connect(lambda *_: self.look_soon())
        self.wand.kept.connect(self._wand_kept)
        self.wand.grown.connect(self._told_tolerance)

    def class_changed(self) -> None:
        """Another class is drawn now, or its colour is another."""
        self.wand.set_color(self._color())
        self._paint()

    def _map_moves(self, *_: object) -> None:
        self.overlay.show_picture(None)
        if self.showing:
            self.look_soon()

    def _image_changed(self, *_: object) -> None:
        self._formula_is_new = True
        self._offer()
        self.wand.give_up()
        self.look_soon()

    def _formula_changed(self) -> None:
        self._formula_is_new = True
        self.look()

    def _otsu(self) -> None:
        if self._histogram is None:
            self.look()
        if self._histogram is None:
            self._tell(self.panel.told.text() or tr("Show the pre-labels first."))
            return
        self.panel.set_threshold(otsu(self._histogram))

    def _told_tolerance(self, tolerance: float) -> None:
        self._drawing.palette.total.setText(
            tr("Tolerance {percent} %").format(percent=f"{100 * tolerance:.1f}")
        )

    def _tell(self, text: str) -> None:
        self._drawing.tell(text, Qgis.MessageLevel.Warning)
