"""Polygons drawn in pixel coordinates, as edge sets and as pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet, flat_edges, index_edges
from polychip.burn.runs import Runs
from polychip.grid import Window


def edge_set(polygons: Sequence[Any], *, all_edges: bool = False) -> EdgeSet:
    """The edges of polygons in pixel space; the first is painted first."""
    points, owners = [np.empty((0, 4))], [np.empty(0, dtype=np.int64)]
    for number, polygon in enumerate(polygons):
        for part in shapely.get_parts(polygon):
            for ring in shapely.get_rings(part):
                xy = shapely.get_coordinates(ring)
                points.append(np.hstack((xy[:-1], xy[1:])))
                owners.append(np.full(len(xy) - 1, number))
    owner = np.concatenate(owners)
    counts = np.bincount(owner, minlength=len(polygons))
    flat = flat_edges(np.concatenate(points), counts, all_edges=all_edges)
    return index_edges(flat, np.arange(len(polygons)))


def cover(runs: Runs, n_owners: int, window: Window) -> NDArray[np.int64]:
    """How often each owner's runs cover each pixel, (n_owners, height, width)."""
    count = np.zeros((n_owners, window.height, window.width), dtype=np.int64)
    for owner, row, start, stop in zip(runs.owner, runs.row, runs.start, runs.stop, strict=True):
        count[owner, row, start:stop] += 1
    return count


def random_polygons(rng: np.random.Generator, size: float, n: int) -> list[Any]:
    """Valid polygons of all sorts around a square of `size` pixels: holes, parts, slivers."""
    found: list[Any] = []
    while len(found) < n:
        shape = shapely.Polygon(rng.uniform(-0.2 * size, 1.2 * size, (rng.integers(3, 9), 2)))
        shape = shapely.make_valid(shape, method="structure")
        if rng.random() < 0.5:
            hole = shapely.Polygon(rng.uniform(0, size, (4, 2)))
            shape = shape - shapely.make_valid(hole, method="structure")
        parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
        if parts:
            found.append(shapely.MultiPolygon(parts))
    return found
