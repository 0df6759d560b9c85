# SPDX-License-Identifier: GPL-2.0-or-later
"""The magic wand on the map: a click grows a region, dragging changes its tolerance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from qgis.core import QgsCsException
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import QPoint, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QColor, QKeyEvent

from .overlay import OPACITY, SETTLE_MS, Overlay
from .pixels import Image, PixelError
from .view import View, pixel_at
from .wand import ADD, REPLACE, TAKE, Likeness, Selection

TOLERANCE_A_PX = 0.0025
"""Dragging 4 pixels to the right adds a hundredth of the bands' range."""
FIRST_TOLERANCE = 0.05


class Seen(NamedTuple):
    """What the wand compares."""

    view: View
    likeness: Likeness


class WandTool(QgsMapTool):
    """Selects pixels; Enter hands them over, Esc gives them up."""

    kept = pyqtSignal(object, object, float)
    """The Image that it was grown on, the Pixels, and the last tolerance."""
    grown = pyqtSignal(float)
    """A region was grown with this tolerance."""
    ended = pyqtSignal()
    """Nothing is selected any more."""
    refused = pyqtSignal(str)
    """Why something was not selected."""
    moved = pyqtSignal(object)
    """QPoint on the canvas."""

    def __init__(self, canvas: QgsMapCanvas, see: Callable[[bool], Seen | None]) -> None:
        """Looks at the map by a function that is told whether to say what hinders it."""
        super().__init__(canvas)
        self._see = see
        self._seen: Seen | None = None
        self._overlay = Overlay(canvas, OPACITY)
        self._color = QColor(255, 140, 0)
        self._pressed: QPoint | None = None
        self.tolerance = FIRST_TOLERANCE
        self._begun_with = FIRST_TOLERANCE
        self._selection = Selection()
        self._image: Image | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._show_again)
        canvas.extentsChanged.connect(self._map_moves)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def set_color(self, color: QColor) -> None:
        """Of what is selected."""
        if color != self._color:
            self._color = color
            self._show()

    def remove(self) -> None:
        """Take it off the map."""
        self._timer.stop()
        self.canvas().extentsChanged.disconnect(self._map_moves)
        self._overlay.remove()

    def give_up(self) -> None:
        """Select nothing."""
        self._selection, self._pressed, self._image = Selection(), None, None
        self._overlay.show_picture(None)
        self.ended.emit()

    def forget_view(self) -> None:
        """What is compared has changed; look again."""
        self._seen = None
        self._show_again()

    def keep(self) -> None:
        """Hand over what is selected."""
        image, pixels = self._image, self._selection.kept
        if pixels is None:
            return
        self.give_up()
        self.kept.emit(image, pixels, self.tolerance)

    # --- QGIS's events

    def activate(self) -> None:
        """The tool is taken."""
        super().activate()
        self._seen = None
        self._timer.start()

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
        self._image = self._seen.view.image
        self._selection.begin(self._seen.likeness, seed, _mode(event))
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
            try:
                self._selection.let_go()
            except PixelError as error:
                self.refused.emit(str(error))
            self._show()

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
        self._timer.start()

    def _look(self, *, tell: bool = True) -> bool:
        """See what the map shows; whether there is something."""
        if self._seen is None:
            self._seen = self._see(tell)
        return self._seen is not None

    def _show_again(self) -> None:
        """The map rests: look at it before the first click, and show what is selected there now."""
        if self.isActive() and self._look(tell=self._image is not None):
            self._show()

    def _grow(self) -> None:
        self._selection.grow(self.tolerance)
        self.grown.emit(self.tolerance)
        self._show()

    def _show(self) -> None:
        if self._image is None or self._seen is None:
            self._overlay.show_picture(None)
            return
        view = self._seen.view
        self._overlay.show_picture(view.picture(self._selection.shown(view.window), self._color))


def _mode(event: QgsMapMouseEvent) -> str:
    keys = event.modifiers()
    if keys & Qt.KeyboardModifier.ShiftModifier:
        return ADD
    # Many window managers take Alt for themselves.
    if keys & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
        return TAKE
    return REPLACE
