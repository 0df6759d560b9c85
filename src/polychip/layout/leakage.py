"""Which chips show the same ground, and whether any of it lies in two splits; pure.

Within a family of grids the test is exact, in whole pixels. Between families, footprints are
compared as polygons in the pixels of the first grid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.crs import Operation, is_geographic
from polychip.grid import Grid
from polychip.layout.cells import WHOLE_PIXEL_TOLERANCE
from polychip.layout.ground import (
    Footprints,
    Ground,
    middle_x,
    operation_between,
    sample_points,
    survey,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MIN_OVERLAP = 1e-6
"""Share of the smaller footprint that polygons must have in common to count as an overlap."""
SIDE_SEGMENTS = 8
"""Pieces of a footprint's side in another CRS: the chord error stays far below a pixel."""
CANDIDATES = 2_000_000
"""Pairs looked at in one go; bounds the memory."""
POLYGONS = 20_000
"""Footprints built as polygons in one go."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Two footprints of different splits that share ground, by their place in the table."""

    first: int
    second: int


def overlapping_pairs(
    footprints: Footprints, grids: Sequence[Grid], gap_px: int = 0
) -> Iterator[Ints]:
    """Pairs of footprints that share ground, or lie less than `gap_px` apart.

    On coinciding pixels a gap is counted along rows and columns; otherwise it is the distance in
    pixels of one of the two grids, and an overlap counts from MIN_OVERLAP of the smaller one.

    Yields:
        Indices (i, j) with i < j, shape (m, 2), in parts; each pair once.

    Raises:
        InputError: two CRSs can't be compared.
    """
    ground = survey(footprints, grids, gap_px)
    everything = np.flatnonzero(ground.on_ground())
    for pairs in pairs_between(ground, everything, everything, gap_px):
        yield pairs[pairs[:, 0] < pairs[:, 1]]


def audit(
    footprints: Footprints,
    grids: Sequence[Grid],
    split: NDArray[np.int8],
    *,
    gap_px: int = 0,
    limit: int = 100,
) -> list[Leak]:
    """The first leaks: footprints that share ground (or come too near) and differ in split.

    Args:
        footprints: one entry a row of the index; the same place in several dates may recur.
        grids: the scenes' grids.
        split: split of each footprint, negative: in none, shape (n,).
        gap_px: smallest gap asked for between splits.
        limit: leaks to name at most.

    Raises:
        InputError: two CRSs can't be compared.
    """
    ground = survey(footprints, grids, gap_px)
    places = _distinct(ground, np.flatnonzero(ground.on_ground() & (split >= 0)), split)
    leaks: list[Leak] = []
    for label in np.unique(split[places])[:-1]:
        mine, others = places[split[places] == label], places[split[places] > label]
        for pairs in pairs_between(ground, mine, others, gap_px):
            leaks += [Leak(int(i), int(j)) for i, j in pairs[: limit - len(leaks)]]
            if len(leaks) >= limit:
                return leaks
    return leaks


def _distinct(ground: Ground, index: Ints, split: NDArray[np.int8]) -> Ints:
    """One footprint for each place and split, in ascending order."""
    family = ground.family[ground.of_grid[index]]
    keys = np.column_stack((ground.family_boxes(index), family, split[index]))
    order = np.lexsort(keys.T)
    fresh = np.ones(len(index), dtype=np.bool_)
    fresh[1:] = (keys[order][1:] != keys[order][:-1]).any(axis=1)
    return np.sort(index[order[fresh]])


def pairs_between(ground: Ground, first: Ints, second: Ints, gap_px: int = 0) -> Iterator[Ints]:
    """Pairs of a footprint of `first` and one of `second` that share ground or come too near.

    A footprint that is in both is paired with itself, too.

    Yields:
        Indices (i of first, j of second), shape (m, 2), in parts; each pair once.

    Raises:
        InputError: two CRSs can't be compared.
    """
    in_family = _grouped(first, ground.family[ground.of_grid[first]])
    facing = _grouped(second, ground.family[ground.of_grid[second]])
    for key in sorted(in_family.keys() & facing.keys()):
        a, b = in_family[key], facing[key]
        p, q = ground.family_boxes(a), ground.family_boxes(b)
        for turn, gap in _turns(ground.grids[key], gap_px):
            for i, j in _near(p, q + turn, gap):
                yield np.column_stack((a[i], b[j]))
    if not ground.neighbours:
        return
    left = _grouped(first, ground.of_grid[first])
    right = _grouped(second, ground.of_grid[second])
    for g, h in ground.neighbours:
        if g in left and h in right:
            yield from _across(ground, (g, left[g]), (h, right[h]), gap_px)
        if h in left and g in right:
            for pairs in _across(ground, (g, right[g]), (h, left[h]), gap_px):
                yield pairs[:, ::-1]


def _grouped(index: Ints, key: NDArray[np.integer]) -> dict[int, Ints]:
    """The indices of each key."""
    if not len(index):
        return {}
    order = np.argsort(key, kind="stable")
    values, begins = np.unique(key[order], return_index=True)
    return dict(zip(values.tolist(), np.split(index[order], begins[1:]), strict=True))


def _turns(grid: Grid, gap: int) -> Iterator[tuple[Ints, int]]:
    """(shift of boxes, gap) for each turn of the globe on which a family's grids may meet."""
    yield np.zeros(4, dtype=np.int64), gap
    t = grid.transform
    if is_geographic(grid.crs_wkt) and t.b == 0.0 and t.d == 0.0:
        period = abs(360.0 / t.a)
        whole = round(period)
        for turn in (-whole, whole):
            partial = abs(period - whole) > WHOLE_PIXEL_TOLERANCE
            yield np.array([turn, 0, turn, 0], dtype=np.int64), gap + partial


def _near(a: Ints, b: Ints, gap: int) -> Iterator[tuple[Ints, Ints]]:
    """Positions (in a, in b) of boxes that share a pixel or lie less than `gap` pixels apart.

    The boxes of b are sorted by band (as high as the tallest box) and by first column within it;
    a box of a can only meet those in at most three bands, each a short run of that order.
    """
    apart = (a[:, :2].min(0) >= b[:, 2:].max(0) + gap) | (b[:, :2].min(0) >= a[:, 2:].max(0) + gap)
    if apart.any():
        return
    width_b, height_b = (b[:, 2] - b[:, 0]).max(), (b[:, 3] - b[:, 1]).max()
    band = max(int(height_b), int((a[:, 3] - a[:, 1]).max())) + gap
    left, span = b[:, 0].min(), int(np.ptp(b[:, 0])) + 1
    top = b[:, 1].min() // band
    key = (b[:, 1] // band - top) * span + (b[:, 0] - left)
    order = np.argsort(key, kind="stable")
    key = key[order]
    from_column = np.clip(a[:, 0] - width_b - gap + 1 - left, 0, span)
    to_column = np.clip(a[:, 2] + gap - left, 0, span)
    from_band = (a[:, 1] - height_b - gap + 1) // band - top
    to_band = (a[:, 3] + gap - 1) // band - top
    for step in range(int((to_band - from_band).max()) + 1):
        at = from_band + step
        low = np.searchsorted(key, at * span + from_column)
        high = np.searchsorted(key, at * span + to_column)
        high = np.where(at <= to_band, np.maximum(high, low), low)
        for i, position in _expanded(low, high):
            j = order[position]
            p, q = a[i], b[j]
            close = (p[:, :2] < q[:, 2:] + gap) & (q[:, :2] < p[:, 2:] + gap)
            hit = close.all(axis=1)
            if hit.any():
                yield i[hit], j[hit]


def _expanded(low: Ints, high: Ints) -> Iterator[tuple[Ints, Ints]]:
    """(entry, position) for every position in low[entry]:high[entry], in bounded parts."""
    some = np.flatnonzero(high > low)
    ends = np.cumsum(high[some] - low[some])
    begin, done = 0, 0
    while begin < len(some):
        end = max(begin + 1, int(np.searchsorted(ends, done + CANDIDATES, side="right")))
        entry = some[begin:end]
        count = high[entry] - low[entry]
        total = int(ends[end - 1]) - done
        restart = np.repeat(np.cumsum(count) - count, count)
        yield np.repeat(entry, count), np.repeat(low[entry], count) + np.arange(total) - restart
        begin, done = end, int(ends[end - 1])


def _across(
    ground: Ground, here: tuple[int, Ints], there: tuple[int, Ints], gap: int
) -> Iterator[Ints]:
    """Pairs between two grids whose pixels don't coincide, tested in the pixels of `here`'s."""
    (g, mine), (h, theirs) = here, there
    grid, other = ground.grids[g], ground.grids[h]
    operation = operation_between(other, grid)
    theirs = _facing(ground.boxes, theirs, (grid, other), operation, gap)
    for begin in range(0, len(theirs), POLYGONS):
        part = theirs[begin : begin + POLYGONS]
        rings = _rings(ground.boxes[part], grid, other, operation)
        finite = np.isfinite(rings).all(axis=(1, 2))
        part, rings = part[finite], rings[finite]
        if not len(part):
            continue
        low, high = rings.min(axis=(0, 1)) - gap, rings.max(axis=(0, 1)) + gap
        boxes = ground.boxes[mine]
        met = mine[(boxes[:, :2] < high).all(axis=1) & (boxes[:, 2:] > low).all(axis=1)]
        polygons: NDArray[np.object_] = np.asarray(shapely.polygons(rings))
        invalid = ~shapely.is_valid(polygons)
        polygons[invalid] = shapely.make_valid(polygons[invalid])
        tree = shapely.STRtree(polygons)
        for start in range(0, len(met), POLYGONS):
            chosen = met[start : start + POLYGONS]
            i, j = _touching(shapely.box(*ground.boxes[chosen].T), tree, gap)
            if len(i):
                yield np.column_stack((chosen[i], part[j]))


def _touching(boxes: NDArray[np.object_], tree: shapely.STRtree, gap: int) -> tuple[Ints, Ints]:
    """Positions (in boxes, in tree) of polygons that overlap or lie less than `gap` apart."""
    if gap:
        i, j = tree.query(boxes, predicate="dwithin", distance=gap * (1 - 1e-9))
        return i, j
    i, j = tree.query(boxes, predicate="intersects")
    a, b = boxes[i], tree.geometries[j]
    smaller: Floats = np.minimum(shapely.area(a), shapely.area(b))
    hit: NDArray[np.bool_] = shapely.area(shapely.intersection(a, b)) > MIN_OVERLAP * smaller
    return i[hit], j[hit]


def _facing(
    boxes: Ints, index: Ints, grids: tuple[Grid, Grid], operation: Operation, gap: int
) -> Ints:
    """Those footprints of the second grid that may meet the first grid."""
    grid, other = grids
    points = sample_points(grid)
    there = operation.inverse(points[:, 0], points[:, 1])
    if not np.isfinite(there).all():
        return index
    if is_geographic(other.crs_wkt):
        there[:, 0] += 360.0 * np.round((middle_x(other) - there[:, 0]) / 360.0)
    pixels = other.to_pixels(there[:, 0], there[:, 1])
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    ratio = max((high - low) / (grid.width, grid.height))
    margin = (high - low) / 8 + gap * ratio + gap + 1
    mine = boxes[index]
    near = ((mine[:, :2] < high + margin) & (mine[:, 2:] > low - margin)).all(axis=1)
    return index[np.flatnonzero(near)]


def _rings(boxes: Ints, grid: Grid, other: Grid, operation: Operation) -> Floats:
    """Outlines of the other grid's boxes in this grid's pixels, shape (n, points, 2)."""
    step = np.linspace(0.0, 1.0, 1 if operation.is_identity else SIDE_SEGMENTS, endpoint=False)
    zero, one = np.zeros_like(step), np.ones_like(step)
    u = np.concatenate((step, one, 1.0 - step, zero))
    v = np.concatenate((zero, step, one, 1.0 - step))
    x0, y0, x1, y1 = boxes.T[:, :, None].astype(np.float64)
    shape = (len(boxes), len(u))
    crs = other.to_crs((x0 + (x1 - x0) * u).ravel(), (y0 + (y1 - y0) * v).ravel())
    x, y = operation.forward(crs[:, 0], crs[:, 1]).T
    if is_geographic(grid.crs_wkt):
        x = _unwrapped(x.reshape(shape), middle_x(grid)).ravel()
    return grid.to_pixels(x, y).reshape(*shape, 2)


def _unwrapped(longitude: Floats, middle: float) -> Floats:
    """Outlines in one piece (shape (n, points)), on the turn of the globe nearest to `middle`."""
    first = longitude[:, :1]
    whole = longitude - 360.0 * np.round((longitude - first) / 360.0)
    centre = whole.mean(axis=1, keepdims=True)
    return np.asarray(whole + 360.0 * np.round((middle - centre) / 360.0))
