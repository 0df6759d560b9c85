# SPDX-License-Identifier: GPL-2.0-or-later
"""What the magic wand has selected: regions of like pixels, added and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .pixels import Window
from .regions import region_at

REPLACE, ADD, TAKE = "replace", "add", "take"
CUT = (2, 98)
"""Hundredths of the values between which a band counts as its whole range."""


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


class Selection:
    """Pixels of a window; the region that is being grown is not kept until it is let go."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.kept = np.zeros(window.shape, dtype=bool)
        self._mode = REPLACE
        self._distance: np.ndarray | None = None
        self._seed = (0, 0)
        self._seen = window
        self._region: np.ndarray | None = None

    @property
    def mask(self) -> np.ndarray:
        """All that is selected, with the region that is being grown."""
        if self._region is None:
            return self.kept
        region = np.zeros(self.window.shape, dtype=bool)
        region[self._slices(self._seen)] = self._region
        if self._mode == ADD:
            return self.kept | region
        return self.kept & ~region if self._mode == TAKE else region

    @property
    def growing(self) -> bool:
        """Whether a region is being grown."""
        return self._region is not None

    def begin(self, seen: Likeness, seed: tuple[int, int], mode: str) -> None:
        """Grow a region from (row, column) of a window that lies in this; `grow` says how far."""
        self._mode, self._seed, self._seen = mode, seed, seen.window
        self._distance = seen.distance(*seed)
        self._region = np.zeros(seen.window.shape, dtype=bool)

    def grow(self, tolerance: float) -> None:
        """The connected pixels that differ from the first by at most that share of the range."""
        with np.errstate(invalid="ignore"):
            alike = self._distance <= tolerance
        self._region = region_at(alike, *self._seed)

    def let_go(self) -> None:
        """The region is part of the selection from now on."""
        self.kept, self._region, self._distance = self.mask, None, None

    def holds(self, window: Window) -> bool:
        """Whether a window is part of this one, and of the same step."""
        mine = self.window
        return (
            window.step == mine.step
            and mine.x_off <= window.x_off
            and mine.y_off <= window.y_off
            and window.x_off + window.width <= mine.x_off + mine.width
            and window.y_off + window.height <= mine.y_off + mine.height
        )

    def moved(self, window: Window) -> Selection:
        """The same pixels in a window that holds both; those of another step as near as may be."""
        old = self.window
        step = window.step
        left = min(old.x_off // step * step, window.x_off)
        top = min(old.y_off // step * step, window.y_off)
        right = max(old.x_off + old.width, window.x_off + window.width)
        low = max(old.y_off + old.height, window.y_off + window.height)
        wider = Selection(Window(left, top, right - left, low - top, step))
        rows, columns = wider.window.shape
        i, i_in = _places(top, step, rows, old.y_off, old.step, old.shape[0])
        j, j_in = _places(left, step, columns, old.x_off, old.step, old.shape[1])
        wider.kept = self.kept[np.ix_(i, j)] & i_in[:, None] & j_in
        return wider

    def part(self, window: Window) -> np.ndarray:
        """The mask's pixels in a window of the same step that lies in it."""
        return self.mask[self._slices(window)]

    def _slices(self, window: Window) -> tuple[slice, slice]:
        top = (window.y_off - self.window.y_off) // window.step
        left = (window.x_off - self.window.x_off) // window.step
        rows, columns = window.shape
        return slice(top, top + rows), slice(left, left + columns)


def _places(
    begin: int, step: int, count: int, old_begin: int, old_step: int, old_count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Old places of new pixels' middles along one side, and whether they were there."""
    middle = begin + np.arange(count) * step + step // 2
    place = (middle - old_begin) // old_step
    return np.clip(place, 0, old_count - 1), (place >= 0) & (place < old_count)
