# SPDX-License-Identifier: GPL-2.0-or-later
"""What of drawing happens on the map: the tools, the class beside the cursor, the current cell."""

from __future__ import annotations

from qgis.core import QgsCoordinateTransform, QgsGeometry, QgsPointXY, QgsProject, QgsWkbTypes
from qgis.gui import (
    QgsAdvancedDigitizingDockWidget,
    QgsMapCanvas,
    QgsMapMouseEvent,
    QgsMapTool,
    QgsRubberBand,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtGui import QColor

from .cursor_tag import CursorTag
from .draw_tool import DRAW, HOLE, POLYGON, SHAPES, SPLIT, DrawTool
from .journal import Unfinished
from .session import LabelSession

CELL_COLOR = QColor(255, 235, 59)


class BrushTool(QgsMapTool):
    """A click re-classes."""

    clicked = pyqtSignal(object)
    """QgsPointXY on the map."""
    moved = pyqtSignal(object)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Where."""
        self.clicked.emit(self.toMapCoordinates(event.pos()))

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Takes the class along."""
        self.moved.emit(event.pos())


class MapSide(QObject):
    """Owns the tools; hands drawn shapes on."""

    areaDrawn = pyqtSignal(object, str, str)
    """QgsGeometry in the CRS of the labels, purpose, shape."""
    lineDrawn = pyqtSignal(object)
    pointClicked = pyqtSignal(object)
    """QgsPointXY in the CRS of the labels."""
    progressed = pyqtSignal()
    toolChanged = pyqtSignal(str)
    """Name of the action of the tool that is active; '' for a tool of QGIS."""

    def __init__(self, canvas: QgsMapCanvas, cad: QgsAdvancedDigitizingDockWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._session: LabelSession | None = None
        self.area_tool = DrawTool(canvas, cad)
        self.line_tool = DrawTool(canvas, cad, line=True)
        self.brush = BrushTool(canvas)
        self._tag = CursorTag(canvas)
        self._cell = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
        self._cell.setStrokeColor(CELL_COLOR)
        self._cell.setFillColor(QColor(0, 0, 0, 0))
        self._cell.setWidth(3)
        self.area_tool.drawn.connect(self._area_drawn)
        self.line_tool.drawn.connect(self.lineDrawn)
        self.brush.clicked.connect(self._brushed)
        for tool in (self.area_tool, self.line_tool):
            tool.progressed.connect(self.progressed)
        for tool in (self.area_tool, self.line_tool, self.brush):
            tool.moved.connect(self._tag.follow)
        self._more: dict[str, QgsMapTool] = {}
        canvas.mapToolSet.connect(self._tool_set)

    def add_tool(self, name: str, tool: QgsMapTool) -> None:
        """A tool that is made elsewhere; it must have the signal `moved` and `set_color`."""
        self._more[name] = tool
        tool.moved.connect(self._tag.follow)

    def remove_tool(self, name: str) -> None:
        """One that was added."""
        tool = self._more.pop(name)
        self._canvas.unsetMapTool(tool)
        tool.deleteLater()

    @property
    def _tools(self) -> tuple[QgsMapTool, ...]:
        return (self.area_tool, self.line_tool, self.brush, *self._more.values())

    def remove(self) -> None:
        """Take everything off the map."""
        self._canvas.mapToolSet.disconnect(self._tool_set)
        for tool in self._tools:
            self._canvas.unsetMapTool(tool)
            tool.deleteLater()
        self._canvas.scene().removeItem(self._cell)
        self._tag.deleteLater()

    def attach(self, session: LabelSession | None) -> None:
        """Draw into this project's labels from now on."""
        self._session = session
        layer = session.labels if session is not None else None
        for tool in (self.area_tool, self.line_tool):
            tool.layer = layer
            tool.given_up = []
        if session is None:
            for tool in self._tools:
                self._canvas.unsetMapTool(tool)
            self._tag.hide()
            self._cell.reset(QgsWkbTypes.GeometryType.PolygonGeometry)
        else:
            session.unfinished = self.unfinished
            self.show_class()

    # --- tools

    def take(self, name: str) -> None:
        """Take the tool of an action: a shape, 'hole', 'split', 'brush', or one that was added."""
        if name in (*SHAPES, HOLE):
            shape = name if name in SHAPES else POLYGON
            self.area_tool.take(shape, HOLE if name == HOLE else DRAW)
            self._canvas.setMapTool(self.area_tool)
        elif name in self._more:
            self._canvas.setMapTool(self._more[name])
        else:
            self._canvas.setMapTool(self.line_tool if name == SPLIT else self.brush)
        self._canvas.setFocus()
        self.show_class()
        self.toolChanged.emit(self.tool_name())

    def tool_name(self) -> str:
        """The action of the active tool, '' for a tool of QGIS."""
        tool = self._canvas.mapTool()
        if tool is self.area_tool:
            return HOLE if tool.purpose == HOLE else tool.shape
        more = {known: name for name, known in self._more.items()}
        return {self.line_tool: SPLIT, self.brush: "brush", **more}.get(tool, "")

    @property
    def drawing(self) -> bool:
        """Whether a polygon or line is begun."""
        return bool(self.area_tool.size() or self.line_tool.size())

    def unfinished(self) -> Unfinished | None:
        """What is begun, or was given up last, for the recovery file."""
        name = self._session.current.name if self._session and self._session.current else ""
        for tool in (self.area_tool, self.line_tool):
            found = tool.unfinished(name)
            if found is not None:
                return found
        for tool in (self.area_tool, self.line_tool):
            if tool.given_up:
                return Unfinished(tool.given_up, tool.purpose, name)
        return None

    def resume(self, unfinished: Unfinished | None = None) -> bool:
        """Go on with what was given up; whether there was something."""
        begun = unfinished or self.unfinished()
        if begun is None or self.drawing:
            return False
        self.take({HOLE: HOLE, SPLIT: SPLIT}.get(begun.purpose, POLYGON))
        tool = self.line_tool if begun.purpose == SPLIT else self.area_tool
        tool.resume(begun.points)
        return True

    # --- showing

    def show_class(self, more: str = "") -> None:
        """The current class in the tools' colour, and beside the cursor with something more."""
        session = self._session
        if session is None or session.current is None:
            return
        self._tag.tell(f"{session.current.title} {more}".strip(), session.current.color)
        for tool in (self.area_tool, self.line_tool, *self._more.values()):
            tool.set_color(QColor(session.current.color))

    def show_cell(self, shape: QgsGeometry | None) -> None:
        """Outline the current cell."""
        if shape is None:
            self._cell.reset(QgsWkbTypes.GeometryType.PolygonGeometry)
        else:
            self._cell.setToGeometry(shape, self._session.layers.tasks)

    def zoom_to(self, shape: QgsGeometry) -> None:
        """Show a cell with a little around it."""
        transform = self.to_map()
        box = transform.transformBoundingBox(shape.boundingBox())
        box.scale(1.15)
        self._canvas.setExtent(box)
        self._canvas.refresh()

    def to_map(self) -> QgsCoordinateTransform:
        """From the CRS of the labels to the map's."""
        destination = self._canvas.mapSettings().destinationCrs()
        return QgsCoordinateTransform(
            self._session.labels.crs(), destination, QgsProject.instance()
        )

    def cursor_point(self) -> QgsPointXY:
        """Where the cursor is, in the CRS of the labels."""
        place = self._canvas.getCoordinateTransform().toMapCoordinates(self._canvas.mouseLastXY())
        return self.brush.toLayerCoordinates(self._session.labels, place)

    def _tool_set(self, *_: object) -> None:
        name = self.tool_name()
        if not name:
            self._tag.hide()
        self.toolChanged.emit(name)

    def _area_drawn(self, shape: QgsGeometry) -> None:
        self.areaDrawn.emit(shape, self.area_tool.purpose, self.area_tool.shape)

    def _brushed(self, point: QgsPointXY) -> None:
        if self._session is not None:
            self.pointClicked.emit(self.brush.toLayerCoordinates(self._session.labels, point))
