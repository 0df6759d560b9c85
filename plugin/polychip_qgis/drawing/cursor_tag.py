# SPDX-License-Identifier: GPL-2.0-or-later
"""The current class in words and colour beside the cursor."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QLabel, QWidget

OFFSET = QPoint(16, 14)


class CursorTag(QLabel):
    """Lies on the map and lets the mouse through."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setObjectName("polychipCursorTag")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def tell(self, text: str, color: str) -> None:
        """What the next polygon will be."""
        ink = "#000000" if QColor(color).lightness() > 140 else "#ffffff"
        self.setStyleSheet(
            f"background: {color}; color: {ink}; padding: 1px 4px; border: 1px solid {ink};"
        )
        self.setText(text)
        self.adjustSize()

    def follow(self, point: QPoint) -> None:
        """Go where the cursor is, and stay on the map."""
        at = point + OFFSET
        room = self.parentWidget().rect()
        at.setX(min(at.x(), room.right() - self.width()))
        at.setY(min(at.y(), room.bottom() - self.height()))
        self.move(at)
        self.show()
        self.raise_()
