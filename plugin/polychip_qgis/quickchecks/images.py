# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground that labels lie on: the plane that they are measured in, images, where data is."""

from __future__ import annotations

import math
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import numpy as np
from osgeo import gdal, ogr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsUnitTypes,
)

from ..chips import PixelGrid
from ..raster_grid import grid_of
from .rings import Parts, geometry_of, rings_of

BLOCK_PX = 1024
_KEPT_BLOCKS = 64
_METRES_PER_DEGREE = 111_320.0
_ALONG = 20
"""Points on each side of an image's outline where it is brought into another CRS."""


class Plane:
    """Coordinates in which one unit is a pixel of the first image, or a metre without images."""

    def __init__(
        self, crs: QgsCoordinateReferenceSystem, images: Sequence[Image], middle: QgsPointXY
    ) -> None:
        self.pixel_known = bool(images)
        self._move = None
        if images:
            first = images[0]
            self._matrix = _inverse(first.grid.transform)
            self._move = first.from_labels
        else:
            metre = QgsUnitTypes.fromUnitToUnitFactor(
                crs.mapUnits(), QgsUnitTypes.DistanceUnit.DistanceMeters
            )
            across, down = metre, metre
            if crs.isGeographic():
                down = _METRES_PER_DEGREE
                across = down * math.cos(math.radians(middle.y()))
            self._matrix = (0.0, across, 0.0, 0.0, 0.0, down)

    @property
    def unit(self) -> str:
        """'px' or 'm'."""
        return "px" if self.pixel_known else "m"

    def flat(self, geometry: QgsGeometry) -> Parts:
        """Rings in the plane, vertex by vertex."""
        return [
            [_moved(ring, self._matrix) for ring in rings]
            for rings in rings_of(brought(geometry, self._move))
        ]


class Image:
    """An image that labels are drawn on."""

    def __init__(self, layer: QgsRasterLayer, crs: QgsCoordinateReferenceSystem) -> None:
        """Raises NoPixelGridError: the layer is no raster file, or has no georeference."""
        self.name = layer.name()
        self.grid: PixelGrid = grid_of(layer)
        self.from_labels = _transform(crs, layer.crs())
        self.outline = _outline(self.grid, _transform(layer.crs(), crs))
        """In the CRS of the labels."""
        self.box: QgsRectangle = self.outline.boundingBox()
        self._matrix = _inverse(self.grid.transform)
        with warnings.catch_warnings():
            # GDAL 3.7 and later ask for a choice of error style; that choice is QGIS's, not ours.
            warnings.simplefilter("ignore", FutureWarning)
            self._dataset = gdal.OpenEx(layer.source().split("|")[0], gdal.OF_RASTER)
        self._blocks: OrderedDict[tuple[int, int], np.ndarray | None] = OrderedDict()
        bands = [self._dataset.GetRasterBand(n + 1) for n in range(self._dataset.RasterCount)]
        floats = any(band.DataType in (gdal.GDT_Float32, gdal.GDT_Float64) for band in bands)
        self.whole = not floats and any(band.GetMaskFlags() == gdal.GMF_ALL_VALID for band in bands)
        """Whether every pixel has data, without looking."""

    def flat(self, geometry: QgsGeometry) -> Parts:
        """Rings in the image's own pixels."""
        return [
            [_moved(ring, self._matrix) for ring in rings]
            for rings in rings_of(brought(geometry, self.from_labels))
        ]

    def dead_pixels(self, parts: Parts) -> Iterator[int]:
        """How many pixels of a polygon hold no data; a number for each block that is read."""
        corners = np.vstack([ring for rings in parts for ring in rings])
        left, top = np.floor(corners.min(axis=0)).astype(int)
        right, bottom = np.ceil(corners.max(axis=0)).astype(int)
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, self.grid.width), min(bottom, self.grid.height)
        for y in range(top // BLOCK_PX * BLOCK_PX, bottom, BLOCK_PX):
            for x in range(left // BLOCK_PX * BLOCK_PX, right, BLOCK_PX):
                dead = self._dead(x, y)
                if dead is None:
                    yield 0
                    continue
                inside = burned(parts, x, y, dead.shape)
                yield int((inside & dead).sum())

    def _dead(self, x: int, y: int) -> np.ndarray | None:
        """Pixels of a block without data; None: all have some."""
        if (x, y) in self._blocks:
            self._blocks.move_to_end((x, y))
            return self._blocks[x, y]
        window = (x, y, min(BLOCK_PX, self.grid.width - x), min(BLOCK_PX, self.grid.height - y))
        dead = np.ones((window[3], window[2]), dtype=bool)
        for number in range(1, self._dataset.RasterCount + 1):
            band = self._dataset.GetRasterBand(number)
            invalid = band.GetMaskBand().ReadAsArray(*window) == 0
            if band.DataType in (gdal.GDT_Float32, gdal.GDT_Float64):
                invalid |= ~np.isfinite(band.ReadAsArray(*window))
            dead &= invalid
            if not dead.any():
                break
        self._blocks[x, y] = dead if dead.any() else None
        while len(self._blocks) > _KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return self._blocks[x, y]


def burned(parts: Parts, x: int, y: int, shape: tuple[int, int]) -> np.ndarray:
    """Pixels of a block at (x, y) whose centres lie in a polygon given in pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        target = gdal.GetDriverByName("MEM").Create("", shape[1], shape[0], 1, gdal.GDT_Byte)
        target.SetGeoTransform((x, 1, 0, y, 0, 1))
        source = ogr.GetDriverByName("Memory").CreateDataSource("")
        layer = source.CreateLayer("polygon", None, ogr.wkbMultiPolygon)
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(_ogr(parts))
        layer.CreateFeature(feature)
        gdal.PushErrorHandler("CPLQuietErrorHandler")  # it warns that pixels have no CRS
        try:
            gdal.RasterizeLayer(target, [1], layer, burn_values=[1])
        finally:
            gdal.PopErrorHandler()
        return target.ReadAsArray().astype(bool)


def _ogr(parts: Parts) -> ogr.Geometry:
    return ogr.CreateGeometryFromWkb(bytes(geometry_of(parts).asWkb()))


def brought(geometry: QgsGeometry, move: QgsCoordinateTransform | None) -> QgsGeometry:
    """The geometry itself, or a copy in another CRS, vertex by vertex.

    Raises:
        QgsCsException: it has no place there.
    """
    if move is None:
        return geometry
    copy = QgsGeometry(geometry)
    copy.transform(move)
    return copy


def _transform(
    one: QgsCoordinateReferenceSystem, other: QgsCoordinateReferenceSystem
) -> QgsCoordinateTransform | None:
    if one == other:
        return None
    return QgsCoordinateTransform(one, other, QgsProject.instance().transformContext())


def _outline(grid: PixelGrid, move: QgsCoordinateTransform | None) -> QgsGeometry:
    x0, dx, rx, y0, ry, dy = grid.transform
    corners = ((0, 0), (grid.width, 0), (grid.width, grid.height), (0, grid.height), (0, 0))
    ring = [QgsPointXY(x0 + c * dx + r * rx, y0 + c * ry + r * dy) for c, r in corners]
    outline = QgsGeometry.fromPolygonXY([ring])
    return outline if move is None else brought(outline.densifyByCount(_ALONG), move)


def _inverse(transform: Sequence[float]) -> tuple[float, ...]:
    """Of a GDAL geotransform, in the same order."""
    x0, a, b, y0, d, e = transform
    det = a * e - b * d
    return (
        (b * y0 - e * x0) / det, e / det, -b / det,
        (d * x0 - a * y0) / det, -d / det, a / det,
    )  # fmt: skip


def _moved(xy: np.ndarray, matrix: Sequence[float]) -> np.ndarray:
    x, y = xy[:, 0], xy[:, 1]
    return np.column_stack((
        matrix[0] + matrix[1] * x + matrix[2] * y, matrix[3] + matrix[4] * x + matrix[5] * y
    ))  # fmt: skip
