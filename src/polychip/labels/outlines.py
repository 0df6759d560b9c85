"""Polygons as rings of vertices in flat arrays; most never become an object each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = Callable[[NDArray[np.int64]], NDArray[np.object_]]

_CHUNK_POINTS = 1 << 16
"""Vertices that are worked on at a time: their arrays stay in a processor's cache."""
_CLEAR_TURN = 1e-8
"""Part of a ring's squared reach that each of its triangles must exceed: rounding moves less."""


@dataclass(frozen=True, slots=True)
class Outlines:
    """Rings of polygons: closed, the vertices of one behind those of the other."""

    xy: NDArray[np.float64]
    """(n, 2) vertices."""
    first: NDArray[np.int64]
    """(n_rings + 1,): ring i is xy[first[i] : first[i + 1]]."""
    owner: NDArray[np.int64]
    """(n_rings,) the polygon of each ring, ascending."""
    n_polygons: int

    @property
    def counts(self) -> NDArray[np.int64]:
        """(n_rings,) vertices of each ring, the closing one included."""
        return np.diff(self.first)

    def take(self, rings: NDArray[np.generic]) -> "Outlines":
        """Some of the rings, by a mask; the polygons keep their numbers."""
        counts = self.counts
        chosen = np.repeat(rings, counts)
        first = np.append(0, np.cumsum(counts[rings]))
        return Outlines(self.xy[chosen], first, self.owner[rings], self.n_polygons)

    def chunks(self) -> Iterator["Outlines"]:
        """Views of whole polygons, in order; each polygon is in one of them.

        A chunk's polygons are numbered from 0; together they are all polygons.
        """
        ring = np.searchsorted(self.owner, np.arange(self.n_polygons + 1))
        behind = self.first[ring]  # vertices before each polygon
        start = 0
        while start < self.n_polygons:
            stop = int(np.searchsorted(behind, behind[start] + _CHUNK_POINTS, side="right")) - 1
            stop = min(max(stop, start + 1), self.n_polygons)
            a, b = ring[start], ring[stop]
            yield Outlines(
                self.xy[behind[start] : behind[stop]],
                self.first[a : b + 1] - behind[start],
                self.owner[a:b] - start,
                stop - start,
            )
            start = stop


def outlines_of(geometry: NDArray[np.object_]) -> Outlines:
    """The rings of shapely Polygons and MultiPolygons; None has none."""
    parts, part_owner = shapely.get_parts(geometry, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    xy = shapely.get_coordinates(rings)
    first = np.append(0, np.cumsum(shapely.get_num_coordinates(rings)))
    return Outlines(xy, first, part_owner[ring_part].astype(np.int64), len(geometry))


def joined(parts: list[tuple[NDArray[np.int64], Outlines]], n_polygons: int) -> Outlines:
    """Outlines of several lots of polygons as one.

    Args:
        parts: the numbers that the polygons of each lot get, ascending; its outlines.
        n_polygons: of the result.
    """
    if len(parts) == 1:
        [(numbers, lot)] = parts
        return Outlines(lot.xy, lot.first, numbers[lot.owner], n_polygons)
    owner = np.concatenate([numbers[lot.owner] for numbers, lot in parts])
    xy = np.concatenate([lot.xy for _, lot in parts])
    counts = np.concatenate([lot.counts for _, lot in parts])
    order = np.argsort(owner, kind="stable")
    start = (np.cumsum(counts) - counts)[order]
    owner, counts = owner[order], counts[order]
    behind = np.cumsum(counts) - counts
    xy = xy[np.repeat(start - behind, counts) + np.arange(int(counts.sum()))]
    return Outlines(xy, np.append(0, np.cumsum(counts)), owner, n_polygons)


def surely_simple(rings: Outlines) -> NDArray[np.bool_]:
    """Which rings are proven not to meet themselves, without GEOS.

    Seen from the mean of its vertices or from its centre of area, a ring goes round once and always
    the same way: then it is the outline of a star-shaped polygon. Others may be simple too.
    """
    proven = [np.empty(0, dtype=bool)]
    for chunk in rings.chunks():
        found = _goes_round_once(chunk, _mean_of_vertices)
        rest = ~found
        if rest.any():
            found[rest] = _goes_round_once(chunk.take(rest), _centre_of_area)
        proven.append(found)
    return np.concatenate(proven)


_Coordinates = NDArray[np.float64]
_Centre = Callable[
    [_Coordinates, _Coordinates, NDArray[np.int64], NDArray[np.int64]],
    tuple[_Coordinates, _Coordinates],
]
"""(n_rings,) x and y of a point for each ring, out of x, y (n,), first vertices and counts."""


def _mean_of_vertices(
    x: _Coordinates, y: _Coordinates, begin: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[_Coordinates, _Coordinates]:
    """The last vertex is the first, in the origin, and adds nothing."""
    n = counts - 1
    return np.add.reduceat(x, begin) / n, np.add.reduceat(y, begin) / n


def _centre_of_area(
    x: _Coordinates, y: _Coordinates, begin: NDArray[np.int64], _counts: NDArray[np.int64]
) -> tuple[_Coordinates, _Coordinates]:
    """From ring to ring there is no triangle: they begin and end in the origin."""
    turn = x * np.append(y[1:], 0.0) - np.append(x[1:], 0.0) * y
    whole = np.add.reduceat(turn, begin)
    whole[whole == 0.0] = np.nan
    along, down = (
        np.add.reduceat((v + np.append(v[1:], 0.0)) * turn, begin) / (3.0 * whole) for v in (x, y)
    )
    return along, down


def _goes_round_once(rings: Outlines, centre: _Centre) -> NDArray[np.bool_]:
    """Which rings go round their centre once."""
    begin, counts = rings.first[:-1], rings.counts
    x, y = (rings.xy[:, axis] - np.repeat(rings.xy[begin, axis], counts) for axis in (0, 1))
    middle_x, middle_y = centre(x, y, begin, counts)
    x -= np.repeat(middle_x, counts)
    y -= np.repeat(middle_y, counts)
    last = rings.first[1:] - 1  # from ring to ring there is no side
    turn = np.empty(len(x))
    turn[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    upwards = np.empty(len(x), dtype=bool)
    upwards[:-1] = (y[:-1] < 0) & (y[1:] >= 0)
    upwards[last] = False
    limit = _CLEAR_TURN * np.maximum.reduceat(x * x + y * y, begin)
    turn[last] = np.inf
    left = np.minimum.reduceat(turn, begin)
    turn[last] = -np.inf
    right = np.maximum.reduceat(turn, begin)
    once = np.add.reduceat(upwards, begin, dtype=np.int64) == 1
    closed = (rings.xy[begin] == rings.xy[last]).all(axis=1)
    result: NDArray[np.bool_] = ((left > limit) | (right < -limit)) & once & closed & (counts > 3)
    return result
