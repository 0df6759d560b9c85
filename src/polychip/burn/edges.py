"""Flat edges in pixel space: selected by window, never cut; memory-mapped by workers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.arrays import load_arrays, save_arrays
from polychip.grid import Window

BUCKET_PX = 512
"""Side of the squares by which owners are found."""
LONG = 2048
"""Owners with more edges than this are searched by row instead of being read whole."""

POINTS, REST = "points.npy", "arrays.bin"
"""The file of many edges, written as they come, and that of all other arrays."""
_HEADER = 128
"""Bytes before the numbers of a .npy file of one or two dimensions."""

_ARRAYS = ("first_edge", "end_edge", "box", "long_owner", "long_first", "reach", "bucket_start",
           "bucket_owner", "lattice")  # fmt: skip


@dataclass(frozen=True, slots=True)
class EdgeSet:
    """Edges of all polygons of a scene, by owner; an owner is one feature.

    Owners are numbered in painting order, the lowest first; their edges stand together, in any
    order of owners, those of long owners ascending by y1. Each edge points downwards (y1 ≤ y2).
    """

    points: NDArray[np.float64]
    """(n_edges, 4): x1, y1, x2, y2 in pixels."""
    first_edge: NDArray[np.int64]
    """(n_owners,): the edges of owner i are first_edge[i] to end_edge[i] − 1."""
    end_edge: NDArray[np.int64]
    box: NDArray[np.int64]
    """(n_owners, 4): first column, first row, end column, end row of all pixels touched."""
    long_owner: NDArray[np.int64]
    """(n_long,): the owners of more than LONG edges, ascending."""
    long_first: NDArray[np.int64]
    """(n_long,): where each of them begins in `reach`."""
    reach: NDArray[np.float64]
    """For each edge of the long owners the greatest y2 among its owner's so far."""
    bucket_start: NDArray[np.int64]
    bucket_owner: NDArray[np.int64]
    lattice: NDArray[np.int64]
    """(4,): first bucket column and row, number of bucket columns and rows."""

    @property
    def n_owners(self) -> int:
        """Number of features."""
        return len(self.box)

    def owners_in(self, window: Window) -> NDArray[np.int64]:
        """Owners whose box cuts the window, ascending."""
        x0, y0, columns, rows = (int(value) for value in self.lattice)
        left = max(window.x_off // BUCKET_PX - x0, 0)
        right = min((window.x_end - 1) // BUCKET_PX - x0, columns - 1)
        top = max(window.y_off // BUCKET_PX - y0, 0)
        bottom = min((window.y_end - 1) // BUCKET_PX - y0, rows - 1)
        if left > right or top > bottom:
            return np.empty(0, dtype=np.int64)
        parts = [
            self.bucket_owner[
                self.bucket_start[row * columns + left] : self.bucket_start[
                    row * columns + right + 1
                ]
            ]
            for row in range(top, bottom + 1)
        ]
        owners: NDArray[np.int64] = np.unique(np.concatenate(parts))
        box = self.box[owners]
        cuts = (
            (box[:, 0] < window.x_end) & (box[:, 2] > window.x_off)
            & (box[:, 1] < window.y_end) & (box[:, 3] > window.y_off)
        )  # fmt: skip
        return owners[cuts]

    def edges_of(
        self, owners: NDArray[np.int64], first_row: int, end_row: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Edges of the owners that may cross rows first_row … end_row − 1, and whose they are.

        Returns:
            points (n, 4), and for each the position of its owner in `owners`, ascending.
        """
        start = self.first_edge[owners]
        stop = self.end_edge[owners]
        for long in np.flatnonzero(stop - start > LONG):
            a, b = int(start[long]), int(stop[long])
            first = int(self.long_first[np.searchsorted(self.long_owner, owners[long])])
            reach = self.reach[first : first + b - a]
            stop[long] = a + np.searchsorted(self.points[a:b, 1], end_row, side="right")
            start[long] = a + np.searchsorted(reach, first_row, side="left")
        counts = np.maximum(stop - start, 0)
        position = np.repeat(np.arange(len(owners)), counts)
        edge = np.arange(len(position)) + np.repeat(start - (np.cumsum(counts) - counts), counts)
        return self.points.take(edge, axis=0), position  # five times as fast as an index

    def save(self, folder: Path, others: Mapping[str, NDArray[Any]]) -> None:
        """Write all arrays as one file, but points that `stored_edges` left there.

        Args:
            folder: is there.
            others: arrays that are kept with the edges.
        """
        own = {f"edges_{name}": getattr(self, name) for name in _ARRAYS}
        mapped, path = _mapped(self.points), folder / POINTS
        if mapped is not None and path.exists() and path.samefile(str(mapped.filename)):
            if len(self.long_owner):  # those were sorted in the map
                mapped.flush()
        else:
            own["edges_points"] = self.points
        save_arrays(folder / REST, {**own, **others})


def load_edges(folder: Path) -> tuple[EdgeSet, dict[str, NDArray[Any]]]:
    """The saved edges, and all arrays that lie with them, memory-mapped."""
    arrays = load_arrays(folder / REST)
    own = {name: arrays[f"edges_{name}"] for name in _ARRAYS}
    points = arrays.get("edges_points")
    return EdgeSet(load_array(folder / POINTS) if points is None else points, **own), arrays


def load_array(path: Path) -> NDArray[Any]:
    """A saved array, memory-mapped; an empty one can't be and is read."""
    if path.stat().st_size <= _HEADER:
        return np.asarray(np.load(path))
    mapped: NDArray[Any] = np.load(path, mmap_mode="r")
    return mapped.view(np.ndarray)  # of the same pages, without memmap's own slow indexing


def _mapped(array: NDArray[Any]) -> np.memmap[Any, Any] | None:
    """The file map that an array is a view of."""
    base: Any = array
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    return base


@dataclass(frozen=True, slots=True)
class FlatEdges:
    """Edges of some features, feature after feature, each pointing downwards."""

    points: NDArray[np.float64]
    """(n_edges, 4): x1, y1, x2, y2 in pixels."""
    counts: NDArray[np.int64]
    """(n_features,) edges of each."""
    box: NDArray[np.int64]
    """(n_features, 4) pixels touched, as in `EdgeSet`; zeros for features without edges."""

    @property
    def owner(self) -> NDArray[np.int64]:
        """(n_edges,) the feature of each edge, ascending."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


def flat_edges(
    points: NDArray[np.float64], counts: NDArray[np.int64], *, all_edges: bool
) -> FlatEdges:
    """Edges that point downwards, without those that no scan would meet.

    Args:
        points: (n, 4) pixel coordinates, feature after feature; those without length are dropped.
        counts: (n_features,) edges of each.
        all_edges: keep edges that cross no row of pixel centres; needed for all_touched.
    """
    top, bottom = np.minimum(points[:, 1], points[:, 3]), np.maximum(points[:, 1], points[:, 3])
    bounds = np.append(0, np.cumsum(counts))
    box = _boxes(points, top, bottom, bounds)
    if all_edges:
        keep = (top < bottom) | (points[:, 0] != points[:, 2])
    else:
        keep = np.ceil(top - 0.5) < np.ceil(bottom - 0.5)
    points, before = points[np.flatnonzero(keep)], np.append(0, np.cumsum(keep))
    counts = np.diff(before[bounds])
    up = np.flatnonzero(points[:, 1] > points[:, 3])
    points[up] = points[up][:, [2, 3, 0, 1]]
    return FlatEdges(points, counts, box)


def ring_edges(
    xy: NDArray[np.float64],
    first: NDArray[np.int64],
    owner: NDArray[np.int64],
    n_features: int,
    *,
    all_edges: bool,
) -> FlatEdges:
    """The same as `flat_edges` of each vertex and the next of its ring, by a shorter way.

    Args:
        xy: (n, 2) vertices of closed rings in pixels, ring after ring.
        first: (n_rings + 1,): ring i is xy[first[i] : first[i + 1]].
        owner: (n_rings,) the feature of each ring, ascending.
        n_features: those without a ring have no edges.
        all_edges: keep edges that cross no row of pixel centres; needed for all_touched.
    """
    box = np.zeros((n_features, 4), dtype=np.int64)
    if not len(xy):
        return FlatEdges(np.empty((0, 4)), np.zeros(n_features, dtype=np.int64), box)
    if all_edges:
        met = (xy[1:] != xy[:-1]).any(axis=1)
    else:
        row = np.ceil(xy[:, 1] - 0.5)
        met = row[1:] != row[:-1]
    met[first[1:-1] - 1] = False  # from ring to ring
    edge = np.flatnonzero(met)
    points = _downwards(xy, edge)
    per_ring = np.diff(np.searchsorted(edge, first))
    counts = np.bincount(owner, weights=per_ring, minlength=n_features).astype(np.int64)
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    some = owner[begins]
    low, high = (f.reduceat(xy, first[begins]) for f in (np.minimum, np.maximum))
    box[some, :2] = np.floor(low)
    box[some, 2:] = np.maximum(np.ceil(high), box[some, :2] + 1)
    return FlatEdges(points, counts, box)


def _downwards(xy: NDArray[np.float64], edge: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, 4): vertices edge[i] and edge[i] + 1, the upper one first.

    A vertex is moved as one item of 16 bytes: that is ten times as fast as a row of two numbers.
    """
    turned = (xy[:-1, 1] > xy[1:, 1])[edge]
    ends = np.empty((len(edge), 2), dtype=np.int64)
    np.add(edge, turned, out=ends[:, 0])
    np.subtract(edge + 1, turned, out=ends[:, 1])
    pairs = np.ascontiguousarray(xy).view(np.complex128).ravel()
    return pairs.take(ends).view(np.float64)


def joined_edges(parts: Iterable[FlatEdges], room: int = 0) -> FlatEdges:
    """The edges of several lots of features, one behind the other.

    Args:
        parts: each is forgotten once it is copied.
        room: about how many edges there will be, or somewhat more.
    """
    if isinstance(parts, list) and len(parts) == 1:
        only: FlatEdges = parts[0]
        return only
    points, n = np.empty((room, 4)), 0
    counts, boxes = [np.empty(0, dtype=np.int64)], [np.empty((0, 4), dtype=np.int64)]
    for lot in parts:
        if n + len(lot.points) > len(points):
            held = points[:n]
            points = np.empty((max(2 * n, n + len(lot.points)), 4))
            points[:n] = held
        points[n : n + len(lot.points)] = lot.points
        n += len(lot.points)
        counts.append(lot.counts)
        boxes.append(lot.box)
    return FlatEdges(points[:n], np.concatenate(counts), np.concatenate(boxes))


def stored_edges(parts: Iterable[FlatEdges], folder: Path) -> FlatEdges:
    """The same, the points in a file from which they are mapped: memory holds one lot.

    Args:
        parts: each is forgotten once it is written.
        folder: where an `EdgeSet` of these points will be saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n, counts = 0, [np.empty(0, dtype=np.int64)]
    boxes = [np.empty((0, 4), dtype=np.int64)]
    with (folder / POINTS).open("wb") as file:
        file.write(bytes(_HEADER))
        for lot in parts:
            lot.points.tofile(file)
            n += len(lot.points)
            counts.append(lot.counts)
            boxes.append(lot.box)
        file.seek(0)
        told = {"descr": "<f8", "fortran_order": False, "shape": (n, 4)}
        np.lib.format.write_array_header_1_0(file, told)
    points = np.load(folder / POINTS, mmap_mode="r+" if n else None).view(np.ndarray)
    return FlatEdges(points, np.concatenate(counts), np.concatenate(boxes))


def index_edges(flat: FlatEdges, number: NDArray[np.int64]) -> EdgeSet:
    """An edge set of the features' edges.

    Args:
        flat: its points are changed.
        number: (n_features,) the owner's number that each feature gets.
    """
    n = len(number)
    box = np.empty((n, 4), dtype=np.int64)
    box[number] = flat.box
    bounds = np.append(0, np.cumsum(flat.counts)).astype(np.int64)
    long = _sort_long(flat.points, bounds, number)
    first_edge, end_edge = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    first_edge[number], end_edge[number] = bounds[:-1], bounds[1:]
    return EdgeSet(flat.points, first_edge, end_edge, box, *long, *_buckets(box))


def _boxes(
    points: NDArray[np.float64],
    top: NDArray[np.float64],
    bottom: NDArray[np.float64],
    bounds: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(n, 4) pixels touched by each feature's edges; zeros for features without edges."""
    box = np.zeros((len(bounds) - 1, 4), dtype=np.int64)
    some = np.flatnonzero(np.diff(bounds))
    if len(some):
        first = bounds[some]
        left, right = (f(points[:, 0], points[:, 2]) for f in (np.minimum, np.maximum))
        box[some, 0] = np.floor(np.minimum.reduceat(left, first))
        box[some, 1] = np.floor(np.minimum.reduceat(top, first))
        box[some, 2] = np.ceil(np.maximum.reduceat(right, first))
        box[some, 3] = np.ceil(np.maximum.reduceat(bottom, first))
        box[some, 2:] = np.maximum(box[some, 2:], box[some, :2] + 1)
    return box


def _sort_long(
    points: NDArray[np.float64], bounds: NDArray[np.int64], number: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Sort the edges of long owners by y1, in place: (owners, first of each in reach, reach)."""
    long = np.flatnonzero(np.diff(bounds) > LONG)
    long = long[np.argsort(number[long])]
    reach = [np.empty(0)]
    for position in long:
        part = slice(bounds[position], bounds[position + 1])
        points[part] = points[part][np.argsort(points[part, 1], kind="stable")]
        reach.append(np.maximum.accumulate(points[part, 3]))
    first = np.cumsum([len(lot) for lot in reach[:-1]], dtype=np.int64)
    return number[long], first, np.concatenate(reach)


def _buckets(
    box: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Owners by bucket, ascending: (start of each bucket, owners, lattice)."""
    seen = np.flatnonzero(box[:, 2] > box[:, 0])
    if not len(seen):
        return np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64), np.zeros(4, dtype=np.int64)
    first = box[seen, :2] // BUCKET_PX
    last = (box[seen, 2:] - 1) // BUCKET_PX
    x0, y0 = first.min(axis=0)
    columns, rows = last.max(axis=0) - (x0, y0) + 1
    wide, high = (last - first + 1).T
    counts = wide * high
    index = np.repeat(np.arange(len(seen)), counts)
    nth = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
    bucket_x = first[index, 0] - x0 + nth % wide[index]
    bucket_y = first[index, 1] - y0 + nth // wide[index]
    bucket = bucket_y * columns + bucket_x
    order = np.argsort(bucket, kind="stable")
    start = np.searchsorted(bucket[order], np.arange(columns * rows + 1)).astype(np.int64)
    lattice = np.array([x0, y0, columns, rows], dtype=np.int64)
    return start, seen[index[order]].astype(np.int64), lattice
