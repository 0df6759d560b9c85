# SPDX-License-Identifier: GPL-2.0-or-later
"""The magic wand on the map: a click grows a region, dragging changes its tolerance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from qgis.core import QgsCsException
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import QPoint, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QKeyEvent

from .overlay import Overlay
from .pixels import Image
from .view import View, pixel_at
from .wand import ADD, REPLACE, TAKE, Likeness, Selection

TOLERANCE_A_PX = 0.0025
"""Dragging 4 pixels to the right adds a hundredth of the bands' range."""
FIRST_TOLERANCE = 0.05
OPACITY = 0.6


class Seen(NamedTuple):
    """What the wand compares."""

    view: View
    likeness: Likeness


class WandTool(QgsMapTool):
    """Selects pixels; Enter hands them over, Esc gives them up."""

    kept = pyqtSignal(object, object, object, float)
    """The image that it was grown on, the Selection's window and mask, and the tolerance."""
    grown = pyqtSignal(float)
    """A region was grown with this tolerance."""
    moved = pyqtSignal(object)
    """QPoint on the canvas."""

    def __init__(self, canvas: QgsMapCanvas, see: Callable[[], Seen | None]) -> None:
        super().__init__(canvas)
        self._see = see
        self._seen: Seen | None = None
        self._overlay = Overlay(canvas, OPACITY)
        self._color = QColor(255, 140, 0)
        self._pressed: QPoint | None = None
        self.tolerance = FIRST_TOLERANCE
        self._begun_with = FIRST_TOLERANCE
        self.selection: Selection | None = None
        self._image: Image | None = None
        canvas.extentsChanged.connect(self._map_moves)

    def set_color(self, color: QColor) -> None:
        """Of what is selected."""
        self._color = color
        self._show()

    def remove(self) -> None:
        """Take it off the map."""
        self.canvas().extentsChanged.disconnect(self._map_moves)
        self._overlay.remove()

    def give_up(self) -> None:
        """Select nothing."""
        self.selection, self._pressed = None, None
        self._show()

    def forget_view(self) -> None:
        """The map, or what is compared, has changed; look again at the next press."""
        self._seen = None
        if self.selection is not None and self.isActive():
            self._look()
            self._show()

    def keep(self) -> None:
        """Hand over what is selected."""
        selection = self.selection
        if selection is None or not selection.kept.any():
            return
        image = self._image
        self.give_up()
        self.kept.emit(image, selection.window, selection.kept, self.tolerance)

    # --- QGIS's events

    def activate(self) -> None:
        """The tool is taken."""
        super().activate()
        self._seen = None

    def deactivate(self) -> None:
        """Another tool is taken."""
        self.give_up()
        super().deactivate()

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """A region begins."""
        if event.button() != Qt.MouseButton.LeftButton or not self._look():
            return
        crs = self.canvas().mapSettings().destinationCrs()
        try:
            place = pixel_at(self._seen.view.image, event.mapPoint(), crs)
        except QgsCsException:
            return
        seed = self._seen.view.place_of(*place)
        if seed is None:
            return
        self.selection.begin(self._seen.likeness, seed, _mode(event))
        self._pressed, self._begun_with = event.pos(), self.tolerance
        self._grow()

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Dragging changes the tolerance."""
        self.moved.emit(event.pos())
        if self._pressed is not None:
            dragged = event.pos().x() - self._pressed.x()
            self.tolerance = min(1.0, max(0.0, self._begun_with + TOLERANCE_A_PX * dragged))
            self._grow()

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """The region is done; a right click keeps all."""
        if event.button() == Qt.MouseButton.RightButton:
            self.keep()
        elif self._pressed is not None:
            self._pressed = None
            self.selection.let_go()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter keeps, Esc gives up."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.keep()
            event.accept()
        elif event.key() == Qt.Key.Key_Escape:
            self.give_up()
            event.accept()
        else:
            super().keyPressEvent(event)

    # --- parts

    def _map_moves(self) -> None:
        self._seen = None
        self._overlay.show_picture(None)

    def _look(self) -> bool:
        """See what the map shows; whether there is something."""
        if self._seen is None:
            self._seen = self._see()
        if self._seen is None:
            return False
        window = self._seen.view.window
        if self.selection is None:
            self.selection = Selection(window)
            self._image = self._seen.view.image
        elif not self.selection.holds(window):
            self.selection = self.selection.moved(window)
        return True

    def _grow(self) -> None:
        self.selection.grow(self.tolerance)
        self.grown.emit(self.tolerance)
        self._show()

    def _show(self) -> None:
        if self.selection is None or self._seen is None:
            self._overlay.show_picture(None)
            return
        view = self._seen.view
        self._overlay.show_picture(view.picture(self.selection.part(view.window), self._color))


def _mode(event: QgsMapMouseEvent) -> str:
    keys = event.modifiers()
    if keys & Qt.KeyboardModifier.ShiftModifier:
        return ADD
    # Many window managers take Alt for themselves.
    if keys & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
        return TAKE
    return REPLACE
