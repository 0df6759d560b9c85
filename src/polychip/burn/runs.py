"""Scan conversion: the runs of pixels whose centres lie in a polygon.

A pixel at column c belongs to a run when its centre c + 0.5 lies in x1 ≤ x < x2; rows are half
open alike. So of two polygons that share an edge, just one owns each centre on it. An edge's
crossings depend on the edge alone, never on the window: the pixels are the same for each block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet
from polychip.grid import Window

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """Horizontal runs of pixels in a window, sorted by owner, row, start; arrays alike in length.

    Runs of one owner never touch the same pixel twice.
    """

    owner: Ints
    """Number of the feature in the edge set (its place in the painting order)."""
    row: Ints
    """Row from the window's first."""
    start: Ints
    """First column from the window's first."""
    stop: Ints
    """First column behind the run."""

    def __len__(self) -> int:
        """Number of runs."""
        return len(self.row)

    def take(self, chosen: NDArray[np.generic]) -> "Runs":
        """The runs at some indices, or where a mask is true."""
        return Runs(self.owner[chosen], self.row[chosen], self.start[chosen], self.stop[chosen])

    def shifted(self, columns: int, rows: int) -> "Runs":
        """The runs moved by whole pixels."""
        return Runs(self.owner, self.row + rows, self.start + columns, self.stop + columns)

    def cut(self, outer: Window, inner: Window) -> "Runs":
        """The part of runs in `outer` that lies in `inner`, counted from `inner`'s first pixel."""
        top, left = inner.y_off - outer.y_off, inner.x_off - outer.x_off
        part = self.take(
            (self.row >= top) & (self.row < top + inner.height)
            & (self.start < left + inner.width) & (self.stop > left)
        )  # fmt: skip
        return Runs(
            part.owner,
            part.row - top,
            np.maximum(part.start - left, 0),
            np.minimum(part.stop - left, inner.width),
        )


def cut_for_all(runs: Runs, outer: Window, windows: Sequence[Window]) -> dict[Window, Runs]:
    """`Runs.cut` for many windows: those of the same rows share the first look at all runs."""
    found: dict[Window, Runs] = {}
    for y_off, height in {(window.y_off, window.height) for window in windows}:
        band = Window(outer.x_off, y_off, outer.width, height)
        part = runs.cut(outer, band)
        for window in windows:
            if (window.y_off, window.height) == (y_off, height):
                found[window] = part.cut(band, window)
    return found


def expand(first: Ints, end: Ints) -> tuple[Ints, Ints]:
    """For each i the values first[i] … end[i] − 1: (index i, value)."""
    counts = np.maximum(end - first, 0)
    index = np.repeat(np.arange(len(first)), counts)
    value = np.arange(len(index)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    return index, value


def scan(edges: EdgeSet, window: Window, *, all_touched: bool = False) -> Runs:
    """The runs of all polygons in a window.

    Args:
        edges: in the pixel space that the window counts in.
        window: any size; its pixels come out the same in every window that holds them.
        all_touched: also pixels whose area a polygon overlaps without holding the centre.
    """
    owners = edges.owners_in(window)
    if not len(owners):
        return _no_runs()
    points, position = edges.edges_of(owners, window.y_off, window.y_end)
    runs = _runs_of(points, position, window, all_touched=all_touched)
    return Runs(owners[runs.owner], runs.row, runs.start, runs.stop)


def scan_finer(edges: EdgeSet, window: Window, factor: int) -> Runs:
    """The runs of all polygons on a lattice `factor` times as fine; counted in its pixels.

    Args:
        edges: all of them, also those that cross no row of pixel centres.
        window: in the edges' own pixel space.
        factor: fine pixels along the side of a pixel.
    """
    owners = edges.owners_in(window)
    if not len(owners):
        return _no_runs()
    points, position = edges.edges_of(owners, window.y_off, window.y_end)
    fine = Window(*(value * factor for value in window))
    runs = _centre_runs(points * factor, position, fine)
    return Runs(owners[runs.owner], runs.row, runs.start, runs.stop)


def _no_runs() -> Runs:
    none = np.empty(0, dtype=np.int64)
    return Runs(none, none, none, none)


def _runs_of(
    points: NDArray[np.float64], position: Ints, window: Window, *, all_touched: bool
) -> Runs:
    runs = _centre_runs(points, position, window)
    if all_touched:
        runs = merge([runs, _touched_runs(points, position, window)], window)
    return runs


_CROSSINGS = 1 << 17
"""About so many crossings are reckoned at a time: their arrays stay in a processor's cache."""


def _centre_runs(points: NDArray[np.float64], position: Ints, window: Window) -> Runs:
    """Crossings are numbers that sort by owner, row, column; bits, for dividing is slow."""
    first = np.maximum(np.ceil(points[:, 1] - 0.5), window.y_off).astype(np.int64)
    end = np.minimum(np.ceil(points[:, 3] - 0.5), window.y_end).astype(np.int64)
    behind = np.append(0, np.cumsum(np.maximum(end - first, 0)))
    edge_of_owner = np.append(np.flatnonzero(np.diff(position, prepend=-1)), len(position))
    parts = [
        _runs_of_lot(points[a:b], position[a:b], first[a:b], end[a:b], window)
        for a, b in pairwise(edge_of_owner[_lots(behind[edge_of_owner])].tolist())
    ]
    if not parts:
        return _no_runs()
    owner, row, start, stop = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Runs(owner, row, start, stop)


def _lots(behind: Ints) -> list[int]:
    """Places in an ascending row that cut it into stretches of about `_CROSSINGS`, or single steps.

    Args:
        behind: (n + 1,) what lies before each of n things, and at the end all of it.
    """
    places = [0]
    while places[-1] < len(behind) - 1:
        limit = behind[places[-1]] + _CROSSINGS
        stop = int(np.searchsorted(behind, limit, side="right")) - 1
        places.append(max(stop, places[-1] + 1))
    return places


def _runs_of_lot(
    points: NDArray[np.float64], position: Ints, first: Ints, end: Ints, window: Window
) -> tuple[Ints, Ints, Ints, Ints]:
    """Owner, row, start and stop of the runs of some owners: few enough for a processor's cache."""
    owner, begins = position - position[0], np.flatnonzero(np.diff(position, prepend=-1))
    top = np.zeros(int(owner[-1]) + 1, dtype=np.int64)
    top[owner[begins]] = np.minimum.reduceat(first, begins)
    top_of_edge = top.take(owner)
    column_bits = window.width.bit_length()
    row_bits = max(int((end - top_of_edge).max()), 0).bit_length()
    line = (owner << row_bits) - top_of_edge
    n_bits = max(int(owner[-1]).bit_length() + row_bits, 1) + column_bits
    crossing = _crossings(points, line, first, end, window, column_bits)
    if n_bits <= 32:  # half the bytes are sorted in half the time
        crossing = crossing.astype(np.uint32)
    crossing.sort()
    begin, stop = crossing[0::2], crossing[1::2]
    some = np.flatnonzero(begin < stop)
    begin, stop = begin[some].astype(np.int64), stop[some].astype(np.int64)
    column, row = (1 << column_bits) - 1, begin >> column_bits
    owner = row >> row_bits
    row &= (1 << row_bits) - 1
    row += top.take(owner) - window.y_off
    return owner + position[0], row, begin & column, stop & column


def _crossings(
    points: NDArray[np.float64],
    line: Ints,
    first: Ints,
    end: Ints,
    window: Window,
    column_bits: int,
) -> Ints:
    """Where edges cross rows of pixel centres; the columns are the first ones to the right.

    Args:
        points: (n, 4) edges.
        line: (n,) what is added to the row of each: it tells owners apart.
        first: (n,) first row whose centres each edge crosses in the window.
        end: (n,) the row behind the last one.
        window: columns count from its first pixel.
        column_bits: of the answer, the lowest.
    """
    counts = np.maximum(end - first, 0)
    behind = np.append(0, np.cumsum(counts))
    crossing = np.empty(int(behind[-1]), dtype=np.int64)
    for a, b in pairwise(_lots(behind)):
        # np.repeat(np.arange(b - a), counts[a:b]), at half the cost
        n = int(behind[b] - behind[a])
        edge = np.bincount(behind[a + 1 : b] - behind[a], minlength=n)[:n].cumsum()
        x1, y1, x2, y2 = np.ascontiguousarray(points[a:b].T)
        row = np.arange(behind[a], behind[b])
        row += (first[a:b] - behind[a:b]).take(edge)
        x = row + 0.5  # x1 + (row + 0.5 - y1) * (x2 - x1) / (y2 - y1)
        x -= y1.take(edge)
        x *= (x2 - x1).take(edge)
        x /= (y2 - y1).take(edge)
        x += x1.take(edge)
        x -= 0.5
        np.ceil(x, out=x)
        np.clip(x, window.x_off, window.x_end, out=x)
        row += line[a:b].take(edge)
        row <<= column_bits
        row += x.astype(np.int64)
        np.subtract(row, window.x_off, out=crossing[behind[a] : behind[b]])
    return crossing


def _touched_runs(points: NDArray[np.float64], position: Ints, window: Window) -> Runs:
    """Cells whose inner area an edge passes through."""
    first = np.maximum(np.floor(points[:, 1]), window.y_off).astype(np.int64)
    end = np.minimum(np.ceil(points[:, 3]), window.y_end).astype(np.int64)
    edge, row = expand(first, end)
    x1, y1, x2, y2 = points.take(edge, axis=0).T
    height = np.where(y2 > y1, y2 - y1, 1.0)
    x_top = x1 + (np.maximum(row, y1) - y1) * (x2 - x1) / height
    x_bottom = np.where(y2 > y1, x1 + (np.minimum(row + 1, y2) - y1) * (x2 - x1) / height, x2)
    left = np.floor(np.minimum(x_top, x_bottom)).clip(window.x_off, window.x_end)
    right = np.ceil(np.maximum(x_top, x_bottom)).clip(window.x_off, window.x_end)
    some = left < right
    return Runs(
        position[edge][some],
        row[some] - window.y_off,
        left[some].astype(np.int64) - window.x_off,
        right[some].astype(np.int64) - window.x_off,
    )


def merge(parts: list[Runs], window: Window) -> Runs:
    """All runs as disjoint ones, sorted; overlapping and touching runs of an owner become one."""
    owner = np.concatenate([part.owner for part in parts])
    row = np.concatenate([part.row for part in parts])
    line = (owner * window.height + row) * (window.width + 2)
    begin = line + np.concatenate([part.start for part in parts])
    finish = line + np.concatenate([part.stop for part in parts])
    if not len(begin):
        return _no_runs()
    order = np.argsort(begin, kind="stable")
    begin, finish = begin[order], np.maximum.accumulate(finish[order])
    first = np.flatnonzero(np.r_[True, begin[1:] > finish[:-1]])
    begin, finish = begin[first], finish[np.r_[first[1:] - 1, len(finish) - 1]]
    line, start = np.divmod(begin, window.width + 2)
    merged_owner, merged_row = np.divmod(line, window.height)
    return Runs(merged_owner, merged_row, start, finish - line * (window.width + 2))


_LONG_RUN = 160
"""Mean length from which painting run by run beats painting pixel by pixel."""
_PIXELS = 1 << 15
"""About so many pixels are painted at a time: their arrays stay in a processor's cache."""


def paint(
    canvas: NDArray[np.generic], runs: Runs, values: NDArray[np.generic]
) -> NDArray[np.generic]:
    """Paint the runs in their order, later ones over earlier ones; returns the canvas.

    Args:
        canvas: (height, width), C-contiguous; changed in place.
        runs: in painting order.
        values: (n_runs,) of the canvas's dtype.
    """
    paint_layers([(canvas, values)], runs)
    return canvas


def paint_layers(
    layers: Sequence[tuple[NDArray[np.generic], NDArray[np.generic]]], runs: Runs
) -> None:
    """Paint several canvases of one shape with the same runs; which pixels is found out once.

    Args:
        layers: each a canvas and its values, as in `paint`.
        runs: in painting order.
    """
    if not len(runs):
        return
    begin = runs.row * layers[0][0].shape[1] + runs.start
    flats = [(canvas.reshape(-1), values) for canvas, values in layers]
    behind = np.append(0, np.cumsum(runs.stop - runs.start))
    if int(behind[-1]) > _LONG_RUN * len(runs):
        finish = begin + (runs.stop - runs.start)
        ends = list(zip(begin.tolist(), finish.tolist(), strict=True))
        for flat, values in flats:
            for (a, b), value in zip(ends, values.tolist(), strict=True):
                flat[a:b] = value
        return
    lots = np.linspace(0, len(runs), int(behind[-1]) // _PIXELS + 2).astype(int).tolist()
    for a, b in pairwise(lots):
        lengths = np.diff(behind[a : b + 1])
        pixel = np.repeat(begin[a:b] - behind[a:b], lengths)
        pixel += np.arange(behind[a], behind[b])
        for flat, values in flats:
            flat[pixel] = np.repeat(values[a:b], lengths)


def count_pixels(
    edges: EdgeSet, window: Window, owners: Ints, *, all_touched: bool = False
) -> Ints:
    """Pixels that each of some owners covers in the window, before any overlap; bounded memory."""
    total = np.zeros(len(owners), dtype=np.int64)
    box = edges.box[owners]
    height = np.minimum(box[:, 3], window.y_end) - np.maximum(box[:, 1], window.y_off)
    weight = edges.end_edge[owners] - edges.first_edge[owners] + 2 * np.maximum(height, 0)
    behind = np.append(0, np.cumsum(weight))
    for start, stop in pairwise(_lots(behind)):
        bands = max(1, -(-int(weight[start:stop].sum()) // _CROSSINGS))
        for band in _bands(window, bands if stop - start == 1 else 1):
            points, position = edges.edges_of(owners[start:stop], band.y_off, band.y_end)
            runs = _runs_of(points, position, band, all_touched=all_touched)
            lengths = (runs.stop - runs.start).astype(np.float64)
            total[start:stop] += np.bincount(
                runs.owner, weights=lengths, minlength=stop - start
            ).astype(np.int64)
    return total


def _bands(window: Window, n: int) -> list[Window]:
    """The window cut into n bands of rows, or fewer."""
    rows = max(1, -(-window.height // n))
    tops = range(window.y_off, window.y_end, rows)
    return [Window(window.x_off, y, window.width, min(rows, window.y_end - y)) for y in tops]
