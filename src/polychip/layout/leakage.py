"""Which chips show the same ground, and whether any of it lies in two splits; pure.

Grids whose pixels coincide form a family: there the test is exact, in whole pixels. Between
families, footprints are compared as polygons in the pixels of the first grid.
Padding shows no ground: footprints are cut to their grid first.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
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
from polychip.layout.cells import WHOLE_PIXEL_TOLERANCE, pixel_families

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
class Leak:
    """Two footprints of different splits that share ground, by their place in the table."""

    first: int
    second: int


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
    operation = _operation(other, grid)
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
    points = _sample(grid)
    there = operation.inverse(points[:, 0], points[:, 1])
    if not np.isfinite(there).all():
        return index
    if is_geographic(other.crs_wkt):
        there[:, 0] += 360.0 * np.round((_middle(other) - there[:, 0]) / 360.0)
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
        x = _unwrapped(x.reshape(shape), _middle(grid)).ravel()
    return grid.to_pixels(x, y).reshape(*shape, 2)


def _unwrapped(longitude: Floats, middle: float) -> Floats:
    """Outlines in one piece (shape (n, points)), on the turn of the globe nearest to `middle`."""
    first = longitude[:, :1]
    whole = longitude - 360.0 * np.round((longitude - first) / 360.0)
    centre = whole.mean(axis=1, keepdims=True)
    return np.asarray(whole + 360.0 * np.round((middle - centre) / 360.0))


def _operation(source: Grid, target: Grid) -> Operation:
    """From one grid's CRS to another's, the best for where the source lies."""
    a, b = source.crs_wkt, target.crs_wkt
    if same_crs(a, b):
        return identity(a)
    try:
        degrees = _cached_operation(a, WGS84).forward(*_sample(source).T)
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


def _sample(grid: Grid) -> Floats:
    """CRS coordinates of points all over a grid, its corners included, shape (289, 2)."""
    x, y = np.meshgrid(np.linspace(0, grid.width, 17), np.linspace(0, grid.height, 17))
    return grid.to_crs(x.ravel(), y.ravel())


def _middle(grid: Grid) -> float:
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
    x, y = _sample(grid).T
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
