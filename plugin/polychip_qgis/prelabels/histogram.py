# SPDX-License-Identifier: GPL-2.0-or-later
"""A histogram with the threshold in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from .threshold import Histogram

HEIGHT_PX = 72
TAIL = 0.001
"""Share of the values that may lie beyond each end of the picture."""


class Span(NamedTuple):
    """The values that a histogram or slider spans."""

    low: float
    high: float


def span_of(found: Histogram) -> Span:
    """From the first to the last value but for a few far out, with a little room."""
    share = np.cumsum(found.counts) / found.counts.sum()
    edges = np.linspace(found.low, found.high, len(found.counts) + 1)
    low = edges[int(np.searchsorted(share, TAIL, "right"))]
    high = edges[min(len(found.counts), int(np.searchsorted(share, 1 - TAIL)) + 1)]
    return Span(float(low), float(high))


class HistogramView(QWidget):
    """Shows how often values occur; a click or drag sets the threshold."""

    thresholdPicked = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("prelabelHistogram")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._found: Histogram | None = None
        self._span = Span(0.0, 1.0)
        self._threshold = 0.0
        self._below = False

    def sizeHint(self) -> QSize:
        """Asked by Qt."""
        return QSize(160, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Asked by Qt."""
        return QSize(80, HEIGHT_PX)

    def show_histogram(self, found: Histogram | None, span: Span) -> None:
        """None: there are no values."""
        self._found, self._span = found, span
        self.update()

    def show_threshold(self, threshold: float, below: bool) -> None:
        """Where it is, and which side becomes pre-labels."""
        self._threshold, self._below = threshold, below
        self.update()

    def place_of(self, value: float) -> float:
        """A value's place from the left in pixels."""
        low, high = self._span
        return (value - low) / ((high - low) or 1.0) * (self.width() - 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Called by Qt."""
        self._pick(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Called by Qt while a button is down."""
        self._pick(event)

    def _pick(self, event: QMouseEvent) -> None:
        low, high = self._span
        share = event.pos().x() / max(1, self.width() - 1)
        self.thresholdPicked.emit(low + min(1.0, max(0.0, share)) * (high - low))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        """Called by Qt."""
        painter = QPainter(self)
        colors = self.palette()
        painter.fillRect(self.rect(), colors.color(QPalette.ColorRole.Base))
        if self._found is not None:
            self._paint_side(painter, colors)
            self._paint_counts(painter, colors)
        painter.end()

    def _paint_side(self, painter: QPainter, colors: QPalette) -> None:
        at = min(max(self.place_of(self._threshold), 0.0), float(self.width()))
        side = QRectF(0, 0, at, self.height())
        if not self._below:
            side = QRectF(at, 0, self.width() - at, self.height())
        light = colors.color(QPalette.ColorRole.Highlight)
        light.setAlpha(70)
        painter.fillRect(side, light)

    def _paint_counts(self, painter: QPainter, colors: QPalette) -> None:
        found, floor = self._found, float(self.height())
        # Roots: a small group beside a large one is still seen.
        tall = np.sqrt(found.counts) / max(1.0, float(np.sqrt(found.counts.max())))
        points = [QPointF(self.place_of(found.low), floor)]
        points += [
            QPointF(self.place_of(x), floor - y * (floor - 4)) for x, y in zip(found.middles, tall)
        ]
        points.append(QPointF(self.place_of(found.high), floor))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.color(QPalette.ColorRole.Mid))
        painter.drawPolygon(QPolygonF(points))
        painter.setPen(QPen(colors.color(QPalette.ColorRole.Highlight), 2))
        at = self.place_of(self._threshold)
        painter.drawLine(QPointF(at, 0), QPointF(at, floor))
