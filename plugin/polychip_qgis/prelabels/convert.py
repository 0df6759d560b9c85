# SPDX-License-Identifier: GPL-2.0-or-later
"""Pre-labels of a cell: thresholded pixels, tidied, as polygons that give way to what is drawn.

Knows no window and edits no layer, so it works on any thread.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from osgeo import gdal, ogr
from qgis.core import QgsCoordinateTransform, QgsCsException, QgsGeometry

from ..drawing import shapes
from ..translation import tr
from .formula import Formula
from .outlines import outlines
from .pixels import Dates, Image, PixelError, Window, around, strips, swapped, values_of
from .regions import with_filled_holes, without_small
from .threshold import Rule

MOST_MARGIN_PX = 256
"""How far beyond a cell regions are followed at most, to know how large they are."""
DENSE_PX = 16
"""Longest edge that is carried into another CRS as it is."""


class Wanted(NamedTuple):
    """What becomes a pre-label, and how it is tidied."""

    dates: Dates
    formula: Formula
    rule: Rule
    least_px: int = 0
    """Regions of fewer pixels are left out."""
    fill_px: int = 0
    """Holes of up to that many pixels are filled."""
    smooth: bool = False


class Cell(NamedTuple):
    """A place to make pre-labels in."""

    key: int
    shape: QgsGeometry
    """In the CRS of the labels."""
    drawn: list[QgsGeometry]
    """Polygons that are there, in the CRS of the labels; nothing is put on them."""


class Picked(NamedTuple):
    """Pixels of a cell."""

    window: Window
    mask: np.ndarray
    """What becomes polygons, bool."""
    taken: np.ndarray
    """Pixels whose centre a drawn polygon holds."""
    inside: np.ndarray
    """Pixels of the cell."""


def prelabels(wanted: Wanted, cell: Cell, to_image: QgsCoordinateTransform) -> list[QgsGeometry]:
    """The polygons of a cell, in the CRS of the labels.

    Args:
        to_image: from the CRS of the labels to the image's.

    Raises:
        PixelError: the pixels cannot be read, or do not lie where the cell does.
    """
    picked = pixels_of(wanted, cell, to_image)
    if picked is None or not picked.mask.any():
        return []
    return polygons_of(wanted, cell, picked, to_image)


def pixels_of(wanted: Wanted, cell: Cell, to_image: QgsCoordinateTransform) -> Picked | None:
    """The pixels of a cell that become pre-labels; None where the cell is beyond the image.

    Regions and holes are followed beyond the cell, so that a cell's edge makes nothing small.
    """
    image = wanted.dates.now
    shape = carried(cell.shape, to_image)
    margin = min(MOST_MARGIN_PX, max(wanted.least_px, wanted.fill_px))
    corners = [(point.x(), point.y()) for point in shape.vertices()]
    window = around(image, corners, margin)
    if window is None:
        return None
    taken = burned(image, window, [carried(drawn, to_image) for drawn in cell.drawn])
    mask = tidied(wanted, window, taken)
    inside = burned(image, window, [shape])
    return Picked(window, mask & inside, taken, inside)


def tidied(wanted: Wanted, window: Window, taken: np.ndarray) -> np.ndarray:
    """The thresholded pixels of a window that nobody has drawn on, small regions and holes gone."""
    picked, free = np.zeros(window.shape, dtype=bool), ~taken
    for strip in strips(window):
        rows = slice(strip.y_off - window.y_off, strip.y_off - window.y_off + strip.height)
        now = values_of(wanted.dates, wanted.formula, strip)
        before = swapped(wanted.dates, wanted.formula, strip) if wanted.rule.only_new else None
        free[rows] &= np.isfinite(now)
        if before is not None:
            free[rows] &= np.isfinite(before)
        picked[rows] = wanted.rule.picks(now, before)
    mask = without_small(picked & free, wanted.least_px)
    return with_filled_holes(mask, wanted.fill_px, free)


def polygons_of(
    wanted: Wanted, cell: Cell, picked: Picked, to_image: QgsCoordinateTransform
) -> list[QgsGeometry]:
    """Polygons of the picked pixels; burned again on the image's grid they are those pixels.

    Where a drawn polygon lies beside them they reach under it and are cut by it, so that both have
    one border.
    """
    image, window = wanted.dates.now, picked.window
    under = picked.taken & picked.inside & _grown(picked.mask)
    traced = outlines(
        picked.mask | under, picked.inside if wanted.smooth else None, placed(image, window)
    )
    made = carried_back(traced, image, to_image)
    if not cell.drawn:
        return [shapes.polygons_of(shape) for shape in made]
    drawn = shapes.union(cell.drawn)
    centres = _Centres(image, window, picked.mask, to_image)
    parts = []
    for shape in made:
        if not shape.boundingBox().intersects(drawn.boundingBox()):
            parts.append(shapes.polygons_of(shape))
            continue
        for part in shapes.polygons_of(shape.difference(drawn)).asGeometryCollection():
            if centres.any_in(part):
                parts.append(shapes.polygons_of(part))
    return parts


def placed(image: Image, window: Window) -> Callable[[np.ndarray], np.ndarray]:
    """From (column, row) of a window's arrays to coordinates in the image's CRS."""
    x0, x_col, x_row, y0, y_col, y_row = image.grid.transform
    right, low = window.x_off + window.width, window.y_off + window.height

    def place(points: np.ndarray) -> np.ndarray:
        columns = np.minimum(window.x_off + points[:, 0] * window.step, right)
        rows = np.minimum(window.y_off + points[:, 1] * window.step, low)
        return np.column_stack(
            [x0 + columns * x_col + rows * x_row, y0 + columns * y_col + rows * y_row]
        )

    return place


def carried(
    shape: QgsGeometry, transform: QgsCoordinateTransform, longest: float = 0
) -> QgsGeometry:
    """A copy in another CRS, its edges parted where they are longer than that.

    Raises:
        PixelError: it cannot be carried there.
    """
    copy = QgsGeometry(shape)
    if transform.isShortCircuited():
        return copy
    if longest:
        copy = copy.densifyByDistance(longest)
    try:
        copy.transform(transform)
    except QgsCsException as error:
        raise PixelError(
            tr("The labels cannot be carried to the image’s reference system: {reason}").format(
                reason=error
            )
        ) from error
    return copy


def carried_back(
    made: Iterable[QgsGeometry], image: Image, to_image: QgsCoordinateTransform
) -> list[QgsGeometry]:
    """Polygons of the image's CRS in the CRS of the labels."""
    if to_image.isShortCircuited():
        return list(made)
    back = QgsCoordinateTransform(
        to_image.destinationCrs(), to_image.sourceCrs(), to_image.context()
    )
    _, x_col, x_row, _, y_col, y_row = image.grid.transform
    pixel = min(math.hypot(x_col, y_col), math.hypot(x_row, y_row))
    return [carried(shape, back, DENSE_PX * pixel) for shape in made]


def burned(image: Image, window: Window, geometries: Sequence[QgsGeometry]) -> np.ndarray:
    """Pixels of a window whose centre a geometry of the image's CRS holds."""
    rows, columns = window.shape
    if not geometries:
        return np.zeros((rows, columns), dtype=bool)
    x0, y0 = image.grid.to_crs(window.x_off, window.y_off)
    _, x_col, x_row, _, y_col, y_row = image.grid.transform
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # GDAL's, of its error style
        raster = gdal.GetDriverByName("MEM").Create("", columns, rows, 1, gdal.GDT_Byte)
        raster.SetGeoTransform((x0, x_col, x_row, y0, y_col, y_row))
        source = ogr.GetDriverByName("Memory").CreateDataSource("")
        layer = source.CreateLayer("burned", None, ogr.wkbUnknown)
        for geometry in geometries:
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetGeometry(ogr.CreateGeometryFromWkb(bytes(geometry.asWkb())))
            layer.CreateFeature(feature)
        gdal.PushErrorHandler("CPLQuietErrorHandler")  # it misses a reference system, rightly
        try:
            gdal.RasterizeLayer(raster, [1], layer, burn_values=[1])
        finally:
            gdal.PopErrorHandler()
        return raster.GetRasterBand(1).ReadAsArray().astype(bool)


def _grown(mask: np.ndarray) -> np.ndarray:
    """The mask and every pixel beside it, corners included."""
    wide = np.pad(mask, 1)
    wide[1:-1] |= wide[2:] | wide[:-2]
    return wide[1:-1, 1:-1] | wide[1:-1, 2:] | wide[1:-1, :-2]


class _Centres:
    """The centres of picked pixels, in the CRS of the labels."""

    def __init__(
        self, image: Image, window: Window, mask: np.ndarray, to_image: QgsCoordinateTransform
    ) -> None:
        self._image, self._window, self._mask, self._to_image = image, window, mask, to_image

    def any_in(self, part: QgsGeometry) -> bool:
        """Whether a polygon of the labels holds one; crumbs of pixels hold none."""
        around_it = carried(part, self._to_image)
        corners = [(point.x(), point.y()) for point in around_it.vertices()]
        here = around(self._image, corners, 0)
        if here is None:
            return False
        top, left = here.y_off - self._window.y_off, here.x_off - self._window.x_off
        found = self._mask[max(0, top) : top + here.height, max(0, left) : left + here.width]
        held = burned(self._image, here, [around_it])
        held = held[max(0, -top) :, max(0, -left) :][: found.shape[0], : found.shape[1]]
        return bool((found & held).any())
