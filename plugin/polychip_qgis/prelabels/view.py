# SPDX-License-Identifier: GPL-2.0-or-later
"""What the map shows of an image: its own pixels, and which of them each pixel of the screen shows.

Right for any map: rotated, or in another reference system than the image.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsLineString,
    QgsMapSettings,
    QgsPointXY,
    QgsProject,
    QgsCoordinateReferenceSystem,
)
from qgis.PyQt.QtGui import QColor, QImage

from .pixels import Image, Window, clipped

NODE_PX = 16
"""The screen's points are carried to the image this far apart, those between by interpolation."""


class View(NamedTuple):
    """The pixels of an image that the map shows."""

    image: Image
    window: Window
    """Its arrays have about the screen's resolution, and the image's own pixels when near enough."""
    lookup: np.ndarray
    """Shape (H, W) of the screen: place in the window's flat arrays; one behind their end beyond."""

    def picture(self, mask: np.ndarray, color: QColor) -> QImage:
        """A mask of the window as the screen shows it, in one colour, clear elsewhere."""
        height, width = self.lookup.shape
        flat = np.zeros(mask.size + 1, dtype=np.uint8)
        flat[:-1] = mask.ravel()
        padded = np.zeros((height, -(-width // 4) * 4), dtype=np.uint8)
        np.take(flat, self.lookup, out=padded[:, :width], mode="clip")
        data = padded.tobytes()
        picture = QImage(data, width, height, padded.shape[1], QImage.Format.Format_Indexed8)
        picture.setColorTable([QColor(0, 0, 0, 0).rgba(), color.rgba()])
        return picture.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)

    def place_of(self, column: float, row: float) -> tuple[int, int] | None:
        """(row, column) in the window's arrays of a pixel coordinate of the image."""
        window = self.window
        i, j = int(row - window.y_off) // window.step, int(column - window.x_off) // window.step
        rows, columns = window.shape
        inside = row >= window.y_off and column >= window.x_off and i < rows and j < columns
        return (i, j) if inside else None


def view_of(image: Image, settings: QgsMapSettings) -> View | None:
    """What the map shows of an image; None where it shows nothing of it."""
    size = settings.outputSize()
    width, height = size.width(), size.height()
    if width < 1 or height < 1 or not settings.hasValidSettings():
        return None
    x_nodes, y_nodes = _nodes(width), _nodes(height)
    found = _pixel_places(image, settings, x_nodes, y_nodes)
    if found is None:
        return None
    column, row = (_between(part, x_nodes, y_nodes, width, height) for part in found)
    window = _window(image, column, row)
    if window is None:
        return None
    return View(image, window, _lookup(window, column, row))


def _nodes(length: int) -> np.ndarray:
    """Positions along the screen, its first and last pixel's centre among them."""
    count = max(2, -(-length // NODE_PX) + 1)
    return np.linspace(0.5, max(length - 0.5, 1.5), count)


def _pixel_places(
    image: Image, settings: QgsMapSettings, x_nodes: np.ndarray, y_nodes: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Columns and rows of the image at the nodes, each of shape (n_y, n_x)."""
    screen = settings.mapToPixel()
    span = 1000
    origin = screen.toMapCoordinates(0, 0)
    right, down = screen.toMapCoordinates(span, 0), screen.toMapCoordinates(0, span)
    i, j = np.meshgrid(x_nodes / span, y_nodes / span)
    x = origin.x() + i * (right.x() - origin.x()) + j * (down.x() - origin.x())
    y = origin.y() + i * (right.y() - origin.y()) + j * (down.y() - origin.y())
    transform = to_image(image, settings.destinationCrs())
    if not transform.isShortCircuited():
        line = QgsGeometry(QgsLineString(x.ravel().tolist(), y.ravel().tolist()))
        try:
            line.transform(transform)
        except QgsCsException:
            return None  # the map shows places that the image's reference system does not know
        points = line.asPolyline()
        x = np.array([point.x() for point in points]).reshape(x.shape)
        y = np.array([point.y() for point in points]).reshape(y.shape)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    return image.grid.to_pixel(x, y)


def to_image(image: Image, crs: QgsCoordinateReferenceSystem) -> QgsCoordinateTransform:
    """From a reference system to the image's."""
    return QgsCoordinateTransform(
        crs, QgsCoordinateReferenceSystem.fromWkt(image.crs_wkt), QgsProject.instance()
    )


def pixel_at(image: Image, point: QgsPointXY, crs: QgsCoordinateReferenceSystem) -> tuple:
    """(column, row) of the image at a point. Raises QgsCsException."""
    there = to_image(image, crs).transform(point)
    return image.grid.to_pixel(there.x(), there.y())


def _between(
    values: np.ndarray, x_nodes: np.ndarray, y_nodes: np.ndarray, width: int, height: int
) -> np.ndarray:
    """Bilinear interpolation from the nodes to every pixel's centre, shape (H, W)."""
    across = _weights(x_nodes, width)
    down = _weights(y_nodes, height)
    left, share = across
    rows = values[:, left] * (1 - share) + values[:, left + 1] * share
    top, part = down
    part = part[:, None]
    return rows[top] * (1 - part) + rows[top + 1] * part


def _weights(nodes: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    centres = np.arange(length) + 0.5
    low = np.clip(np.searchsorted(nodes, centres, "right") - 1, 0, len(nodes) - 2)
    return low, (centres - nodes[low]) / (nodes[low + 1] - nodes[low])


def _window(image: Image, column: np.ndarray, row: np.ndarray) -> Window | None:
    """What of the image the screen shows, as coarse as the screen."""
    height, width = column.shape
    across = np.hypot(column[0, -1] - column[0, 0], row[0, -1] - row[0, 0]) / max(1, width - 1)
    down = np.hypot(column[-1, 0] - column[0, 0], row[-1, 0] - row[0, 0]) / max(1, height - 1)
    step = max(1, round(float(min(across, down))))
    spans = [(int(np.floor(p.min())), int(np.floor(p.max())) + 1) for p in (column, row)]
    (left, right), (top, low) = spans
    return clipped(image, left, top, right, low, step)


def _lookup(window: Window, column: np.ndarray, row: np.ndarray) -> np.ndarray:
    rows, columns = window.shape
    inside = (column >= window.x_off) & (column < window.x_off + window.width)
    inside &= (row >= window.y_off) & (row < window.y_off + window.height)
    j = (np.where(inside, column, window.x_off) - window.x_off).astype(np.int32) // window.step
    i = (np.where(inside, row, window.y_off) - window.y_off).astype(np.int32) // window.step
    return np.where(inside, i * columns + j, rows * columns).astype(np.int32)
