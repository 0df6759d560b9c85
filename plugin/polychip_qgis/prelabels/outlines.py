# SPDX-License-Identifier: GPL-2.0-or-later
"""From a mask to polygons: GDAL traces the pixels, a polygon for each region."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from osgeo import gdal, ogr
from qgis.core import QgsGeometry, QgsLineString

from .smoothing import THIN_PX, held_corners, smoothed

Place = Callable[[np.ndarray], np.ndarray]
"""From (column, row) of the window, shape (N, 2), to coordinates, shape (N, 2)."""
_HEAD = struct.Struct("<BII")


def outlines(mask: np.ndarray, inside: np.ndarray | None, place: Place) -> list[QgsGeometry]:
    """A polygon for each region of a mask; pixels that share a corner alone are two.

    Args:
        mask: bool, shape (H, W).
        inside: smooth the outlines, but not on the edge of this; None: outlines of whole pixels.
        place: where pixel corners lie.
    """
    traced = [_loops(polygon) for polygon in _traced(mask)]
    if inside is not None:
        traced = _smooth(traced, inside)
    return [_geometry([place(ring) for ring in polygon]) for polygon in traced]


def _traced(mask: np.ndarray) -> Iterator[bytes]:
    """The polygons as WKB, in whole pixels of the mask."""
    height, width = mask.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # GDAL's, of its error style
        raster = gdal.GetDriverByName("MEM").Create("", width, height, 1, gdal.GDT_Byte)
        raster.SetGeoTransform((0, 1, 0, 0, 0, 1))
        band = raster.GetRasterBand(1)
        band.WriteArray(mask.astype(np.uint8))
        target = ogr.GetDriverByName("Memory").CreateDataSource("")
        layer = target.CreateLayer("outlines", None, ogr.wkbPolygon)
        gdal.Polygonize(band, band, layer, -1, [])
        for feature in layer:
            yield bytes(feature.GetGeometryRef().ExportToWkb(ogr.wkbNDR))


def _loops(wkb: bytes) -> list[np.ndarray]:
    """The rings of a polygon, the outer one first; none meets itself, none repeats its end."""
    _, _, count = _HEAD.unpack_from(wkb)
    at, loops = _HEAD.size, []
    for _ in range(count):
        (n_points,) = struct.unpack_from("<I", wkb, at)
        ring = np.frombuffer(wkb, "<f8", 2 * n_points, at + 4).reshape(-1, 2)[:-1]
        at += 4 + 16 * n_points
        loops += _parted(ring)
    areas = [_signed_area(loop) for loop in loops]
    outer = int(np.argmax(np.abs(areas)))
    return [loops[outer], *(loop for n, loop in enumerate(loops) if n != outer)]


def _parted(ring: np.ndarray) -> list[np.ndarray]:
    """A ring that meets itself at a corner, as several that do not."""
    if len(np.unique(ring, axis=0)) == len(ring):
        return [ring]
    loops: list[np.ndarray] = []
    path: list[tuple[float, float]] = []
    place: dict[tuple[float, float], int] = {}
    for x, y in ring.tolist():
        if (x, y) in place:
            begin = place[x, y]
            loops.append(np.array(path[begin:]))
            for gone in path[begin:]:
                del place[gone]
            del path[begin:]
        place[x, y] = len(path)
        path.append((x, y))
    return [*loops, np.array(path)]


def _signed_area(ring: np.ndarray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(np.roll(x, -1), y)) / 2


def _smooth(traced: list[list[np.ndarray]], inside: np.ndarray) -> list[list[np.ndarray]]:
    rings = [ring for polygon in traced for ring in polygon]
    fixed = held_corners(rings, inside)
    soft = iter(smoothed(rings, fixed))
    return [[_thinned(next(soft), fixed) for _ in polygon] for polygon in traced]


def _thinned(ring: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """The ring with fewer corners, none of its border moved by more than THIN_PX."""
    whole = (ring == np.rint(ring)).all(axis=1)
    corner = np.rint(ring).astype(np.int64)
    stay = np.flatnonzero(whole & fixed[corner[:, 1], corner[:, 0]])
    if stay.size == 0:  # begin at the same corner, whatever ring GDAL has begun with
        stay = np.array([np.lexsort((ring[:, 0], ring[:, 1]))[0]])
    ring = np.roll(ring, -stay[0], axis=0)
    stops = [*(stay - stay[0]), len(ring)]
    closed = np.vstack([ring, ring[:1]])
    parts = [_thin_line(closed[a : b + 1])[:-1] for a, b in zip(stops, stops[1:])]
    return _without_straight(np.concatenate(parts))


def _thin_line(line: np.ndarray) -> np.ndarray:
    if len(line) <= 3:
        return line
    if (line[0] == line[-1]).all():  # a ring: half by half, so that it never collapses
        far = int(np.argmax(np.hypot(*(line - line[0]).T)))
        return np.vstack([_thin_line(line[: far + 1])[:-1], _thin_line(line[far:])])
    thin = QgsGeometry(QgsLineString(line[:, 0].tolist(), line[:, 1].tolist())).simplify(THIN_PX)
    return np.array([(point.x(), point.y()) for point in thin.asPolyline()])


def _without_straight(ring: np.ndarray) -> np.ndarray:
    """The ring without corners that lie straight between their neighbours."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return ring[turns] if turns.sum() >= 3 else ring


def _geometry(rings: Iterable[np.ndarray]) -> QgsGeometry:
    parts, count = [], 0
    for ring in rings:
        closed = np.vstack([ring, ring[:1]]).astype("<f8")
        parts.append(struct.pack("<I", len(closed)) + closed.tobytes())
        count += 1
    geometry = QgsGeometry()
    geometry.fromWkb(_HEAD.pack(1, 3, count) + b"".join(parts))
    return geometry
