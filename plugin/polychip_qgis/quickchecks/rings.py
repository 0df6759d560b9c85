# SPDX-License-Identifier: GPL-2.0-or-later
"""Rings of polygons as numpy arrays, and what is measured on them: area, needles, pixel centres.

All lengths are in the units of the arrays: pixels, or metres where no pixel is known. Limits are
those of the engine's checks.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from qgis.core import QgsGeometry, QgsWkbTypes

from ..drawing.shapes import flat

REPEATED = 1e-3
"""Vertices nearer to each other than this are one vertex twice."""
SPIKE_DEGREES = 2.0
"""A corner sharper than this whose legs are both longer than SPIKE_LEG is a spike."""
SPIKE_LEG = 1.0
SPIKE_AREA = 0.1
"""A spike whose triangle is no larger than this can be cut off safely."""

_POLYGON, _MULTI_POLYGON = 3, 6
Parts = list  # list[list[np.ndarray]]: polygons, each with its rings, outer first, (n, 2) closed


class Spike(NamedTuple):
    """A needle of an outline."""

    part: int
    ring: int
    vertex: int
    leg: float
    """Length of the shorter leg."""
    area: float
    """Of the triangle."""


def rings_of(geometry: QgsGeometry) -> Parts:
    """The rings of a polygon; other geometries have none."""
    if geometry.isNull():
        return []
    if QgsWkbTypes.flatType(geometry.wkbType()) != geometry.wkbType() or (
        QgsWkbTypes.isCurvedType(geometry.wkbType())
    ):
        geometry = flat(geometry)
    data = bytes(geometry.asWkb())
    (kind,) = struct.unpack_from("<I", data, 1)
    if kind == _POLYGON:
        return [_polygon(data, 5)[0]]
    if kind != _MULTI_POLYGON:
        return []
    (n_parts,) = struct.unpack_from("<I", data, 5)
    parts, at = [], 9
    for _ in range(n_parts):
        rings, at = _polygon(data, at + 5)
        parts.append(rings)
    return parts


def _polygon(data: bytes, at: int) -> tuple[list[np.ndarray], int]:
    (n_rings,) = struct.unpack_from("<I", data, at)
    at += 4
    rings = []
    for _ in range(n_rings):
        (n_points,) = struct.unpack_from("<I", data, at)
        ring = np.frombuffer(data, dtype="<f8", count=2 * n_points, offset=at + 4)
        rings.append(ring.reshape(-1, 2))
        at += 4 + 16 * n_points
    return rings, at


def geometry_of(parts: Parts) -> QgsGeometry:
    """A MultiPolygon of rings."""
    data = [struct.pack("<BII", 1, _MULTI_POLYGON, len(parts))]
    for rings in parts:
        data.append(struct.pack("<BII", 1, _POLYGON, len(rings)))
        for ring in rings:
            data.append(struct.pack("<I", len(ring)))
            data.append(np.ascontiguousarray(ring, dtype="<f8").tobytes())
    geometry = QgsGeometry()
    geometry.fromWkb(b"".join(data))
    return geometry


def signed_area(ring: np.ndarray) -> float:
    """By the shoelace formula, from the first vertex, so that large coordinates keep digits."""
    if len(ring) < 4:
        return 0.0
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2


def area_of(parts: Parts) -> float:
    """Of valid polygons: outer rings without their holes."""
    return sum(
        abs(signed_area(rings[0])) - sum(abs(signed_area(hole)) for hole in rings[1:])
        for rings in parts
        if rings
    )


def length_of(parts: Parts) -> float:
    """Of all rings."""
    return float(
        sum(np.hypot(*np.diff(ring, axis=0).T).sum() for rings in parts for ring in rings)
    )


def width_of(area: float, around: float) -> float:
    """Mean width of a long polygon: twice its area by its outline."""
    return 2 * area / around if around > 0 else 0.0


def repeated(ring: np.ndarray) -> np.ndarray:
    """(n - 1,) vertices of a closed ring that lie where the one before them does."""
    corners = ring[:-1]
    if len(corners) < 2:
        return np.zeros(len(corners), dtype=bool)
    gap = np.hypot(*(corners - np.roll(corners, 1, axis=0)).T)
    return gap < REPEATED


def n_repeated(parts: Parts) -> int:
    """How many vertices lie on the one before."""
    return sum(int(repeated(ring).sum()) for rings in parts for ring in rings)


def spikes(parts: Parts) -> list[Spike]:
    """All needles; vertices that are there twice are counted once."""
    found = []
    for p, rings in enumerate(parts):
        for r, ring in enumerate(rings):
            kept = np.flatnonzero(~repeated(ring))
            corners = ring[:-1][kept]
            if len(corners) < 3:
                continue
            a = np.roll(corners, 1, axis=0) - corners
            b = np.roll(corners, -1, axis=0) - corners
            leg = np.minimum(np.hypot(*a.T), np.hypot(*b.T))
            cross = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
            angle = np.degrees(np.arctan2(cross, (a * b).sum(axis=1)))
            for n in np.flatnonzero((angle < SPIKE_DEGREES) & (leg > SPIKE_LEG)):
                found.append(Spike(p, r, int(kept[n]), float(leg[n]), float(cross[n]) / 2))
    return found


def cleaned(parts: Parts, measured: Parts) -> Parts:
    """The parts without repeated vertices and without needles that can be cut off safely.

    `measured` are the same rings in pixels (or metres), where limits hold. Rings that keep fewer
    than three corners are left out, and polygons whose outer ring does.
    """
    out = []
    for rings, flat_rings in zip(parts, measured):
        kept = [_cleaned(ring, flat_ring) for ring, flat_ring in zip(rings, flat_rings)]
        if kept and kept[0] is not None:
            out.append([ring for ring in kept if ring is not None])
    return out


def _cleaned(ring: np.ndarray, measured: np.ndarray) -> np.ndarray | None:
    keep = np.arange(len(ring) - 1)
    while len(keep) >= 3:
        here = measured[keep]
        closed = np.vstack((here, here[:1]))
        twice = repeated(closed)
        if twice.any():
            keep = keep[~twice]
            continue
        needles = [spike for spike in spikes([[closed]]) if spike.area <= SPIKE_AREA]
        if not needles:
            break
        keep = np.delete(keep, needles[0].vertex)  # the neighbours may be no needle afterwards
    if len(keep) < 3:
        return None
    corners = ring[keep]
    return np.vstack((corners, corners[:1]))


def holds_a_centre(parts: Parts) -> bool:
    """Whether a pixel's centre lies inside; rings in pixels, a row of centres at a time."""
    rings = [ring for polygon in parts for ring in polygon]
    if not rings:
        return False
    edges = np.vstack([np.hstack((ring[:-1], ring[1:])) for ring in rings])
    low, high = edges[:, [1, 3]].min(), edges[:, [1, 3]].max()
    for row in range(int(np.ceil(low - 0.5)), int(np.floor(high - 0.5)) + 1):
        y = row + 0.5
        crossing = edges[(edges[:, 1] <= y) != (edges[:, 3] <= y)]
        if not len(crossing):
            continue
        share = (y - crossing[:, 1]) / (crossing[:, 3] - crossing[:, 1])
        x = np.sort(crossing[:, 0] + share * (crossing[:, 2] - crossing[:, 0]))
        first = np.ceil(x[0::2] - 0.5)
        if (first + 0.5 < x[1::2]).any():
            return True
    return False
