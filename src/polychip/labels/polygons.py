"""A layer's features as valid polygons near a footprint; GEOS sees only those that need it."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.labels.footprint import Footprint, clip_far
from polychip.labels.geometry import repair
from polychip.labels.outlines import Outlines, Shapes, joined, outlines_of, surely_simple
from polychip.labels.wkb import WkbColumn


@dataclass(frozen=True, slots=True)
class Polygons:
    """Valid polygons, and what had to be done for them; polygons are numbered from 0."""

    alive: NDArray[np.int64]
    """The feature of each polygon, ascending; the others are empty or have no area."""
    outlines: Outlines
    """Cut at the footprint's clip box."""
    shapes: Shapes
    """The polygons of some numbers as shapely geometries."""
    clipped: Shapes
    """The same, cut like the outlines."""
    repaired: NDArray[np.int64]
    """The polygons that were not valid."""
    no_area: NDArray[np.bool_]
    """Which features are lines and points, which need a width to become polygons."""
    n_empty: int
    """Features without a geometry, or without one that has an area."""
    n_unreadable: int
    """Features that GEOS does not know, or can't repair."""


def repaired_polygons(geometry: NDArray[np.object_], around: Footprint) -> Polygons:
    """Polygons out of shapely geometries of any kind, by labels.geometry.REPAIR_METHOD."""
    fixed = repair(geometry)
    alive = np.flatnonzero(~shapely.is_missing(fixed.geometry))
    shapes = fixed.geometry[alive]
    near = clip_far(shapes, around)
    return Polygons(
        alive=alive,
        outlines=outlines_of(near),
        shapes=lambda chosen: shapes[chosen],
        clipped=lambda chosen: near[chosen],
        repaired=np.flatnonzero(fixed.invalid[alive]),
        no_area=fixed.no_area,
        n_empty=int(fixed.empty.sum()),
        n_unreadable=int(fixed.broken.sum()),
    )


def polygons_of(wkb: WkbColumn, around: Footprint) -> Polygons:
    """Polygons out of WKB of any kind; what is plainly valid and near never becomes an object."""
    chosen, plain = _plain_rings(wkb, around)
    is_alive = np.zeros(len(wkb), dtype=bool)
    is_alive[chosen] = True
    rest = np.flatnonzero(~is_alive)
    shapes = wkb.shapes(rest)
    others = repaired_polygons(shapes, around)
    rest_alive = rest[others.alive]
    is_alive[rest_alive] = True
    alive, number_of = np.flatnonzero(is_alive), np.cumsum(is_alive) - 1
    number = number_of[rest_alive]  # of the polygons that GEOS has seen
    lots = [(number_of[chosen], plain), (number, others.outlines)]
    unreadable = int(np.count_nonzero(shapely.is_missing(shapes) & wkb.present()[rest]))
    no_area = np.zeros(len(wkb), dtype=bool)
    no_area[rest] = others.no_area

    def pick(numbers: NDArray[np.int64], seen: Shapes) -> NDArray[np.object_]:
        found = wkb.shapes(alive[numbers])
        known = np.flatnonzero(np.isin(numbers, number))
        found[known] = seen(np.searchsorted(number, numbers[known]))
        return found

    return Polygons(
        alive=alive,
        outlines=joined([lot for lot in lots if len(lot[0])] or lots[:1], len(alive)),
        shapes=lambda numbers: pick(numbers, others.shapes),
        clipped=lambda numbers: pick(numbers, others.clipped),
        repaired=number[others.repaired],
        no_area=no_area,
        n_empty=others.n_empty - unreadable,
        n_unreadable=unreadable + others.n_unreadable,
    )


def _plain_rings(wkb: WkbColumn, around: Footprint) -> tuple[NDArray[np.int64], Outlines]:
    """Features that are one simple ring inside the clip box, and their rings."""
    features, counts, xy = wkb.one_ringed()
    first = np.append(0, np.cumsum(counts))
    rings = Outlines(xy, first, np.arange(len(features)), len(features))
    if around.wraps or not len(features):
        plain = np.zeros(len(features), dtype=bool)
    else:
        west, south, east, north = around.clip_box
        low, high = (f.reduceat(xy, first[:-1]) for f in (np.minimum, np.maximum))
        plain = surely_simple(rings)
        plain &= (low >= (west, south)).all(axis=1) & (high <= (east, north)).all(axis=1)
    if not plain.all():
        rings = rings.take(plain)
        n_plain = len(rings.owner)
        rings = Outlines(rings.xy, rings.first, np.arange(n_plain), n_plain)
    return features[plain], rings
