# SPDX-License-Identifier: GPL-2.0-or-later
"""A picture of the screen's size over the map; changing it draws no layer anew."""

from __future__ import annotations

from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QImage, QPainter

OPACITY = 0.6
SETTLE_MS = 120
"""How long the map must rest before its pixels are looked at anew."""


class Overlay(QgsMapCanvasItem):
    """Lies where the map was when the picture was made; hidden as soon as the map moves."""

    def __init__(self, canvas: QgsMapCanvas, opacity: float) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.picture: QImage | None = None
        self.setOpacity(opacity)
        self.setZValue(5)  # over the map, under rubber bands

    def show_picture(self, picture: QImage | None) -> None:
        """None hides it."""
        self.prepareGeometryChange()
        self.picture = picture
        self.setPos(0, 0)
        self.setVisible(picture is not None)
        self.update()

    def updatePosition(self) -> None:
        """Called by QGIS when the map moves; a new picture will come."""

    def boundingRect(self) -> QRectF:
        """All of the canvas."""
        if self.picture is None:
            return QRectF()
        return QRectF(0, 0, self.picture.width(), self.picture.height())

    def paint(self, painter: QPainter, option: object = None, widget: object = None) -> None:  # noqa: ARG002
        """Called by Qt."""
        if self.picture is not None:
            painter.drawImage(0, 0, self.picture)

    def remove(self) -> None:
        """Take it off the map."""
        self._canvas.scene().removeItem(self)
