# SPDX-License-Identifier: GPL-2.0-or-later
"""What the magic wand has selected: regions of like pixels, added and taken away. No QGIS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..translation import tr
from .pixels import PixelError, Window
from .regions import region_at

REPLACE, ADD, TAKE = "replace", "add", "take"
CUT = (2, 98)
"""Hundredths of the values between which a band counts as its whole range."""
MOST_PX = 100_000_000
"""A selection that spans more pixels than that is refused, before it fills the memory."""


class Likeness(NamedTuple):
    """Bands of a view, each as a share of its range."""

    window: Window
    bands: np.ndarray
    """float32, shape (n, H, W); NaN where there is no data."""

    def distance(self, row: int, column: int) -> np.ndarray:
        """How far each pixel is from one of them: the greatest difference of a band, as a share."""
        seed = self.bands[:, row, column]
        found = np.abs(self.bands[0] - seed[0])
        for band, value in zip(self.bands[1:], seed[1:]):
            np.maximum(found, np.abs(band - value), out=found)  # NaN stays NaN
        return found


def likeness(window: Window, arrays: Sequence[np.ndarray]) -> Likeness:
    """Bands scaled to their range in the window."""
    scaled = []
    for array in arrays:
        known = array[np.isfinite(array)]
        low, high = np.percentile(known, CUT) if known.size else (0.0, 1.0)
        scaled.append((array / ((high - low) or 1.0)).astype(np.float32))
    return Likeness(window, np.stack(scaled))


class Pixels(NamedTuple):
    """Some pixels of an image."""

    window: Window
    mask: np.ndarray
    """bool, of the window's shape."""


def sampled(pixels: Pixels, window: Window) -> np.ndarray:
    """The same pixels in another window: what each of its pixels has in its middle."""
    old = pixels.window
    i, i_in = _places(window.y_off, window.height, window.step, old.y_off, old.height, old.step)
    j, j_in = _places(window.x_off, window.width, window.step, old.x_off, old.width, old.step)
    return pixels.mask[np.ix_(i, j)] & i_in[:, None] & j_in


def joined(kept: Pixels | None, region: Pixels, mode: str) -> Pixels | None:
    """A region in place of what is kept, added to it, or taken from it; None: nothing is left.

    Where both were seen at different zooms, the finer pixels stay.

    Raises:
        PixelError: it spans too many pixels.
    """
    if kept is None or mode == REPLACE:
        return None if mode == TAKE else _cropped(region)
    step = min(kept.window.step, region.window.step)
    window = _around([kept.window] if mode == TAKE else [kept.window, region.window], step)
    old, new = sampled(kept, window), sampled(region, window)
    return _cropped(Pixels(window, old & ~new if mode == TAKE else old | new))


class Selection:
    """What is kept, and the region that is being grown, which is not kept until it is let go."""

    def __init__(self) -> None:
        self.kept: Pixels | None = None
        self._mode = REPLACE
        self._seen: Likeness | None = None
        self._distance: np.ndarray | None = None
        self._seed = (0, 0)
        self._region: np.ndarray | None = None
        self._drawn: tuple[Pixels | None, Window, np.ndarray] | None = None

    def begin(self, seen: Likeness, seed: tuple[int, int], mode: str) -> None:
        """Grow a region from (row, column) of a window; `grow` says how far."""
        self._mode, self._seed, self._seen = mode, seed, seen
        self._distance = seen.distance(*seed)
        self._region = np.zeros(seen.window.shape, dtype=bool)

    def grow(self, tolerance: float) -> None:
        """The connected pixels that differ from the first by at most that share of the range."""
        with np.errstate(invalid="ignore"):
            alike = self._distance <= tolerance
        self._region = region_at(alike, *self._seed)

    def let_go(self) -> None:
        """The region is part of the selection from now on. Raises PixelError: it is too large."""
        region, self._region, self._distance = self._region, None, None
        self.kept = joined(self.kept, Pixels(self._seen.window, region), self._mode)

    def shown(self, window: Window) -> np.ndarray:
        """All that is selected, with the region that is being grown, in a window."""
        kept = self._kept_in(window)
        if self._region is None:
            return kept
        region = self._region
        if self._seen.window != window:
            region = sampled(Pixels(self._seen.window, region), window)
        if self._mode == ADD:
            return kept | region
        return kept & ~region if self._mode == TAKE else region

    def _kept_in(self, window: Window) -> np.ndarray:
        if self.kept is None:
            return np.zeros(window.shape, dtype=bool)
        known = self._drawn
        if known is None or known[0] is not self.kept or known[1] != window:
            self._drawn = known = (self.kept, window, sampled(self.kept, window))
        return known[2]


def _around(windows: Sequence[Window], step: int) -> Window:
    left = min(window.x_off for window in windows) // step * step
    top = min(window.y_off for window in windows) // step * step
    right = max(window.x_off + window.width for window in windows)
    low = max(window.y_off + window.height for window in windows)
    found = Window(left, top, right - left, low - top, step)
    rows, columns = found.shape
    if rows * columns > MOST_PX:
        raise PixelError(
            tr(
                "The selection spans {count} million pixels: keep it with Enter, then go on."
            ).format(count=round(rows * columns / 1e6))
        )
    return found


def _cropped(pixels: Pixels) -> Pixels | None:
    """Without empty rows and columns at the sides."""
    rows, columns = (np.flatnonzero(pixels.mask.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        return None
    window, step = pixels.window, pixels.window.step
    left, top = window.x_off + columns[0] * step, window.y_off + rows[0] * step
    right = min(window.x_off + window.width, window.x_off + (columns[-1] + 1) * step)
    low = min(window.y_off + window.height, window.y_off + (rows[-1] + 1) * step)
    mask = pixels.mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Pixels(Window(int(left), int(top), int(right - left), int(low - top), step), mask.copy())


def _places(
    begin: int, length: int, step: int, old_begin: int, old_length: int, old_step: int
) -> tuple[np.ndarray, np.ndarray]:
    """Old places of new pixels' middles along one side, and whether they were there."""
    first = begin + np.arange(-(-length // step)) * step
    middle = np.minimum(first + step // 2, begin + length - 1)
    inside = (middle >= old_begin) & (middle < old_begin + old_length)
    place = (middle - old_begin) // old_step
    return np.clip(place, 0, -(-old_length // old_step) - 1), inside
