# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools that draw on the map: polygon, rectangle, circle, freehand, and the line that splits.

Polygon and line are QGIS's own capturing, with its snapping, tracing, advanced digitizing and undo
of corners; the others are two clicks or one stroke. A tool hands over a shape in the layer's CRS
and knows nothing of classes or rules.
"""

from __future__ import annotations

import math

from qgis.core import QgsGeometry, QgsPointLocator, QgsPointXY, QgsVectorLayer, QgsWkbTypes
from qgis.gui import (
    QgsAdvancedDigitizingDockWidget,
    QgsMapCanvas,
    QgsMapMouseEvent,
    QgsMapToolCapture,
    QgsRubberBand,
)
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QKeyEvent

from .journal import Unfinished

POLYGON, RECTANGLE, CIRCLE, FREEHAND = "polygon", "rectangle", "circle", "freehand"
SHAPES = (POLYGON, RECTANGLE, CIRCLE, FREEHAND)
DRAW, HOLE, SPLIT = "draw", "hole", "split"
CIRCLE_CORNERS = 64
FREEHAND_STEP_PX, FREEHAND_TOLERANCE_PX = 3.0, 0.8
_NO_SNAP = QgsPointLocator.Match


class DrawTool(QgsMapToolCapture):
    """Draws an area, or with `line` the line of a split."""

    drawn = pyqtSignal(object)
    """QgsGeometry in the CRS of the labels: a polygon, or a line."""
    progressed = pyqtSignal()
    """A corner was set or taken back, or the drawing was given up."""
    moved = pyqtSignal(object)
    """QPoint on the canvas."""

    def __init__(
        self, canvas: QgsMapCanvas, cad: QgsAdvancedDigitizingDockWidget, line: bool = False
    ) -> None:
        mode = QgsMapToolCapture.CaptureMode
        super().__init__(canvas, cad, mode.CaptureLine if line else mode.CapturePolygon)
        self._line = line
        self.shape = POLYGON
        self.purpose = SPLIT if line else DRAW
        self.layer: QgsVectorLayer | None = None
        self.given_up: list[tuple[float, float]] = []
        """Corners of the drawing that was given up last, in the CRS of the labels."""
        self._anchor: QgsPointXY | None = None
        self._stroke: list[QgsPointXY] = []
        self._band: QgsRubberBand | None = None
        self._color = QColor(255, 140, 0)

    def set_color(self, color: QColor) -> None:
        """Of what is being drawn."""
        self._color = color

    def take(self, shape: str, purpose: str) -> None:
        """Draw this shape from now on; what was begun is given up, and may be resumed."""
        if shape != self.shape or purpose != self.purpose:
            self.give_up()
        self.shape, self.purpose = shape, purpose

    def corners(self) -> list[tuple[float, float]]:
        """Corners set so far, in the CRS of the labels; polygons and lines alone."""
        if self.size() == 0:
            return []
        line = self.captureCurve().curveToLine()
        return [(point.x(), point.y()) for point in line.points()]

    def give_up(self) -> None:
        """As by Esc."""
        corners = self.corners()
        if corners:
            self.given_up = corners
        self.stopCapturing()
        self._clear()
        self.progressed.emit()

    def resume(self, corners: list[tuple[float, float]]) -> None:
        """Go on with corners that were set before."""
        self.stopCapturing()
        self.shape = POLYGON
        self.given_up = []
        for x, y in corners:
            self.addVertex(self.toMapCoordinates(self.layer, QgsPointXY(x, y)), _NO_SNAP())
        self.startCapturing()
        self.progressed.emit()

    def unfinished(self, class_name: str) -> Unfinished | None:
        """What the recovery file keeps."""
        corners = self.corners()
        return Unfinished(corners, self.purpose, class_name) if corners else None

    # --- QGIS's events

    def cadCanvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Freehand begins."""
        if self.shape == FREEHAND and event.button() == Qt.MouseButton.LeftButton:
            self._stroke = [event.originalMapPoint()]

    def cadCanvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Show what a click would give."""
        self.moved.emit(event.pos())
        if self.shape == POLYGON or self._line:
            super().cadCanvasMoveEvent(event)
        elif self.shape == FREEHAND:
            if self._stroke:
                self._follow(event.originalMapPoint())
        else:
            super().cadCanvasMoveEvent(event)
            if self._anchor is not None:
                self._show(self._figure(event.mapPoint()))

    def cadCanvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """A click."""
        left = event.button() == Qt.MouseButton.LeftButton
        if self.shape == POLYGON or self._line:
            self._corner(event) if left else self._finish()
        elif self.shape == FREEHAND:
            if left:
                self._finish_stroke()
        elif not left:
            self._clear()
        elif self._anchor is None:
            self._anchor = event.mapPoint()
        else:
            figure = self._figure(event.mapPoint())
            self._clear()
            self._hand_over(figure)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives up, Backspace takes a corner back."""
        if event.key() == Qt.Key.Key_Escape:
            self.give_up()
            event.accept()
            return
        super().keyPressEvent(event)
        self.progressed.emit()

    def deactivate(self) -> None:
        """Another tool was taken: the drawing is kept to be resumed."""
        self.give_up()
        super().deactivate()

    # --- parts

    def _corner(self, event: QgsMapMouseEvent) -> None:
        problem = self.addVertex(event.mapPoint(), event.mapPointMatch())
        if problem == 0:
            self.startCapturing()
            self.given_up = []
            self.progressed.emit()

    def _finish(self) -> None:
        self.deleteTempRubberBand()
        corners = [QgsPointXY(x, y) for x, y in self.corners()]
        enough = 2 if self._line else 3
        if len(corners) < enough:
            self.give_up()
            return
        self.stopCapturing()
        self.progressed.emit()
        if self._line:
            self.drawn.emit(QgsGeometry.fromPolylineXY(corners))
        else:
            self.drawn.emit(QgsGeometry.fromPolygonXY([[*corners, corners[0]]]))

    def _follow(self, point: QgsPointXY) -> None:
        if self._stroke[-1].distance(point) >= FREEHAND_STEP_PX * self.canvas().mapUnitsPerPixel():
            self._stroke.append(point)
            self._show(self._stroke)

    def _finish_stroke(self) -> None:
        stroke = self._stroke
        self._clear()
        if len(stroke) < 3:
            return
        ring = QgsGeometry.fromPolylineXY(stroke)
        tolerance = FREEHAND_TOLERANCE_PX * self.canvas().mapUnitsPerPixel()
        self._hand_over(ring.simplify(tolerance).asPolyline())

    def _figure(self, point: QgsPointXY) -> list[QgsPointXY]:
        """Corners in the map's CRS."""
        anchor = self._anchor
        if self.shape == RECTANGLE:
            return [
                anchor,
                QgsPointXY(point.x(), anchor.y()),
                point,
                QgsPointXY(anchor.x(), point.y()),
            ]
        radius = anchor.distance(point)
        turns = [2 * math.pi * step / CIRCLE_CORNERS for step in range(CIRCLE_CORNERS)]
        return [
            QgsPointXY(anchor.x() + radius * math.cos(a), anchor.y() + radius * math.sin(a))
            for a in turns
        ]

    def _hand_over(self, corners: list[QgsPointXY]) -> None:
        ring = [self.toLayerCoordinates(self.layer, point) for point in corners]
        if len(ring) >= 3:
            self.drawn.emit(QgsGeometry.fromPolygonXY([[*ring, ring[0]]]))

    def _show(self, corners: list[QgsPointXY]) -> None:
        if self._band is None:
            self._band = QgsRubberBand(self.canvas(), QgsWkbTypes.GeometryType.PolygonGeometry)
        fill = QColor(self._color)
        fill.setAlpha(70)
        self._band.setStrokeColor(self._color)
        self._band.setFillColor(fill)
        self._band.setWidth(2)
        self._band.setToGeometry(QgsGeometry.fromPolygonXY([[*corners, corners[0]]]), None)

    def _clear(self) -> None:
        self._anchor, self._stroke = None, []
        if self._band is not None:
            self.canvas().scene().removeItem(self._band)
            self._band = None
