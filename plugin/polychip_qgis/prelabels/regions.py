# SPDX-License-Identifier: GPL-2.0-or-later
"""Connected regions of a mask, by runs of pixels and a union-find in numpy. No QGIS.

Pixels are neighbours when they share an edge.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Runs(NamedTuple):
    """Rows of neighbouring pixels that are set, from the top, from the left."""

    row: np.ndarray
    start: np.ndarray
    """First column."""
    stop: np.ndarray
    """One behind the last column."""


def runs_of(mask: np.ndarray) -> Runs:
    """The runs of a mask of shape (H, W)."""
    height, width = mask.shape
    framed = np.zeros((height, width + 1), dtype=np.int8)
    framed[:, :width] = mask
    flat = framed.ravel()
    changes = np.flatnonzero(np.diff(flat, prepend=np.int8(0)))
    starts, stops = changes[::2], changes[1::2]
    row = starts // (width + 1)
    begin = row * (width + 1)
    return Runs(row, starts - begin, stops - begin)


def components(runs: Runs) -> np.ndarray:
    """For each run, the first run of its region."""
    one, other = _touching(runs)
    root = np.arange(len(runs.row))
    while one.size:
        a, b = root[one], root[other]
        apart = a != b
        one, other, a, b = one[apart], other[apart], a[apart], b[apart]
        root[np.maximum(a, b)] = np.minimum(a, b)
        while True:  # every run points at its region's root again
            further = root[root]
            if np.array_equal(further, root):
                break
            root = further
    return root


def _touching(runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of runs of one row and the next that share a column."""
    wide = int(runs.stop.max(initial=0)) + 1
    # Runs of the row below that end behind my start, and begin before my end.
    ends = runs.row * wide + runs.stop
    begins = runs.row * wide + runs.start
    below = runs.row + 1
    low = np.searchsorted(ends, below * wide + runs.start, "right")
    high = np.searchsorted(begins, below * wide + runs.stop, "left")
    counts = np.maximum(high - low, 0)
    one = np.repeat(np.arange(len(runs.row)), counts)
    offset = np.arange(one.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return one, np.repeat(low, counts) + offset


def region_at(mask: np.ndarray, row: int, column: int) -> np.ndarray:
    """The region of a mask that holds a pixel; empty where the pixel is not set."""
    if not mask[row, column]:
        return np.zeros(mask.shape, dtype=bool)
    runs = runs_of(mask)
    root = components(runs)
    here = (runs.row == row) & (runs.start <= column) & (column < runs.stop)
    return painted(runs, root == root[here][0], mask.shape)


def painted(runs: Runs, chosen: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A mask of the chosen runs."""
    height, width = shape
    steps = np.zeros(height * (width + 1) + 1, dtype=np.int8)
    begin = runs.row[chosen] * (width + 1)
    # Runs of a row never touch, so no place is stepped on twice.
    steps[begin + runs.start[chosen]] = 1
    steps[begin + runs.stop[chosen]] = -1
    return np.cumsum(steps[:-1], dtype=np.int8).reshape(height, width + 1)[:, :width].astype(bool)


def without_small(mask: np.ndarray, least_px: int) -> np.ndarray:
    """The mask without regions of fewer pixels."""
    if least_px <= 1:
        return mask
    runs = runs_of(mask)
    root = components(runs)
    sizes = np.bincount(root, runs.stop - runs.start, minlength=len(root))
    return painted(runs, sizes[root] >= least_px, mask.shape)


def with_filled_holes(
    mask: np.ndarray, most_px: int, may_fill: np.ndarray | None = None
) -> np.ndarray:
    """The mask with its holes of up to that many pixels.

    A hole is a region that is not set and does not reach the edge. One that holds a pixel where
    `may_fill` is False (nodata, drawn already) stays as it is.
    """
    if most_px <= 0:
        return mask
    height, width = mask.shape
    runs = runs_of(~mask)
    root = components(runs)
    sizes = np.bincount(root, runs.stop - runs.start, minlength=len(root))
    barred = np.zeros(len(root), dtype=bool)
    outside = (runs.row == 0) | (runs.row == height - 1) | (runs.start == 0) | (runs.stop == width)
    barred[root[outside]] = True
    if may_fill is not None:
        sums = np.zeros((height, width + 1), dtype=np.int64)
        np.cumsum(~may_fill, axis=1, out=sums[:, 1:])
        held = sums[runs.row, runs.stop] > sums[runs.row, runs.start]
        barred[root[held]] = True
    return mask | painted(runs, (sizes[root] <= most_px) & ~barred[root], mask.shape)
