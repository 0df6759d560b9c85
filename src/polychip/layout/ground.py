"""Where footprints lie: grids whose pixels coincide, grids that come near each other; pure.

Grids whose pixels coincide form a family. Padding shows no ground: footprints are cut to their
grid first.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.crs import (
    WGS84,
    Operation,
    choose_operation,
    crs_label,
    identity,
    is_geographic,
    same_crs,
)
from polychip.errors import InputError
from polychip.grid import Grid
from polychip.layout.cells import pixel_families

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CAP_MARGIN_RAD = 1e-4
"""Added to a grid's reach on the sphere: 600 m, more than datums differ by."""
MIN_MEAN = 0.1
"""Below this length the mean of a grid's unit vectors says no more where the grid lies."""


@dataclass(frozen=True, slots=True)
class Footprints:
    """Pixel rectangles on several grids, one entry each."""

    grid: NDArray[np.int32]
    """Index into the grids that go with them."""
    x_off: Ints
    """First column in the grid's pixels; rectangles may reach beyond the grid."""
    y_off: Ints
    width: Ints
    height: Ints

    def __len__(self) -> int:
        """Number of rectangles."""
        return len(self.grid)


@dataclass(frozen=True, slots=True)
class Ground:
    """Footprints laid on common lattices, ready to be compared. Made by `survey`."""

    grids: tuple[Grid, ...]
    of_grid: NDArray[np.int32]
    """Grid of each footprint, shape (n,)."""
    boxes: Ints
    """x0, y0, x1, y1 in the grid's own pixels, cut to the grid, shape (n, 4)."""
    family: Ints
    """Family of each grid; its pixels coincide with those of the others there."""
    shift: Ints
    """(x, y) of each grid's first pixel in its family's pixels, shape (grids, 2)."""
    neighbours: tuple[tuple[int, int], ...]
    """Pairs of grids of different families that may share ground; the first one's pixels count."""

    def family_boxes(self, index: Ints) -> Ints:
        """The boxes of some footprints in their family's pixels, shape (len(index), 4)."""
        return self.boxes[index] + np.tile(self.shift, 2)[self.of_grid[index]]

    def on_ground(self) -> NDArray[np.bool_]:
        """Which footprints hold at least one pixel of their grid."""
        return (self.boxes[:, 2] > self.boxes[:, 0]) & (self.boxes[:, 3] > self.boxes[:, 1])


def survey(footprints: Footprints, grids: Sequence[Grid], gap_px: int = 0) -> Ground:
    """Find out which grids coincide and which ones come near each other.

    Args:
        footprints: rectangles, n of them.
        grids: the grids they lie on.
        gap_px: the largest gap that will be asked for.
    """
    extents = np.array([(g.width, g.height) for g in grids], dtype=np.int64).reshape(-1, 2)
    limit = extents[footprints.grid]
    low = np.column_stack((footprints.x_off, footprints.y_off))
    high = low + np.column_stack((footprints.width, footprints.height))
    boxes = np.hstack((np.maximum(low, 0), np.minimum(high, limit)))
    family, shift = pixel_families(grids)
    neighbours = _neighbours(grids, family, gap_px)
    return Ground(tuple(grids), footprints.grid, boxes, family, shift, neighbours)


def operation_between(source: Grid, target: Grid) -> Operation:
    """From one grid's CRS to another's, the best for where the source lies."""
    a, b = source.crs_wkt, target.crs_wkt
    if same_crs(a, b):
        return identity(a)
    try:
        degrees = _cached_operation(a, WGS84).forward(*sample_points(source).T)
        low, high = np.floor(degrees.min(axis=0) / 5) * 5, np.ceil(degrees.max(axis=0) / 5) * 5
        return _cached_operation(a, b, (*low.tolist(), *high.tolist()))
    except InputError as error:
        raise InputError(
            f"scenes in {crs_label(a)} and {crs_label(b)} can't be compared on the ground, so "
            f"leakage between splits can't be ruled out ({error}); leave one of them out, or "
            "give grid.crs"
        ) from error


@functools.lru_cache(maxsize=256)
def _cached_operation(
    source: str, target: str, area: tuple[float, float, float, float] | None = None
) -> Operation:
    return choose_operation(source, target, area, allow_ballpark=True)


def sample_points(grid: Grid) -> Floats:
    """CRS coordinates of points all over a grid, its corners included, shape (289, 2)."""
    x, y = np.meshgrid(np.linspace(0, grid.width, 17), np.linspace(0, grid.height, 17))
    return grid.to_crs(x.ravel(), y.ravel())


def middle_x(grid: Grid) -> float:
    """First CRS coordinate of the grid's middle."""
    t = grid.transform
    return float(t.c + (t.a * grid.width + t.b * grid.height) / 2)


def _neighbours(grids: Sequence[Grid], family: Ints, gap: int) -> tuple[tuple[int, int], ...]:
    """Pairs of grids of different families whose caps on the sphere meet."""
    if len(grids) == 0 or (family == family[0]).all():
        return ()
    caps = [_cap(grid, gap) for grid in grids]
    centres, reach = np.array([cap[:3] for cap in caps]), np.array([cap[3] for cap in caps])
    geographic = [is_geographic(grid.crs_wkt) for grid in grids]
    found: list[tuple[int, int]] = []
    for g in range(len(grids) - 1):
        angle = np.arccos(np.clip(centres[g + 1 :] @ centres[g], -1.0, 1.0))
        close = (angle <= reach[g] + reach[g + 1 :]) & (family[g + 1 :] != family[g])
        # Degrees wrap around: they are better carried into a plane than the other way.
        found += [
            (h, g) if geographic[g] and not geographic[h] else (g, h)
            for h in (np.flatnonzero(close) + g + 1).tolist()
        ]
    return tuple(found)


def _cap(grid: Grid, gap: int) -> tuple[float, float, float, float]:
    """A circle on the sphere that holds a grid: its centre's unit vector, its radius (radians)."""
    nowhere = (1.0, 0.0, 0.0, math.pi)
    try:
        operation = _cached_operation(grid.crs_wkt, WGS84)
    except InputError:
        return nowhere
    x, y = sample_points(grid).T
    longitude, latitude = np.radians(operation.forward(x, y)).T
    flat = np.cos(latitude)
    points = np.column_stack((flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)))
    mean = points.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if not length > MIN_MEAN:  # half of the globe, or not a number
        return nowhere
    centre = mean / length
    reach = float(np.arccos(np.clip(points @ centre, -1.0, 1.0)).max())
    reach *= 1.1 + 2.0 * gap / max(grid.height, grid.width)
    return float(centre[0]), float(centre[1]), float(centre[2]), reach + CAP_MARGIN_RAD
