# SPDX-License-Identifier: GPL-2.0-or-later
"""From values to yes and no: a histogram, Otsu's threshold, and the rule that is recorded. No QGIS."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

N_BINS = 256
TOOL = "prelabel:"
"""How the field `tool` of a pre-label begins."""


class Histogram(NamedTuple):
    """How often values occur."""

    counts: np.ndarray
    """N_BINS whole numbers."""
    low: float
    """Where the first bin begins."""
    high: float
    """Where the last bin ends."""

    @property
    def middles(self) -> np.ndarray:
        """The middle of each bin."""
        edges = np.linspace(self.low, self.high, len(self.counts) + 1)
        return (edges[:-1] + edges[1:]) / 2


def histogram(values: np.ndarray) -> Histogram | None:
    """Of all finite values, from the least to the greatest; None where they do not differ."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return None
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        return None
    return Histogram(counted(finite, low, high), low, high)


def counted(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """How many finite values are in each of N_BINS bins."""
    counts, _ = np.histogram(values[np.isfinite(values)], N_BINS, (low, high))
    return counts


def otsu(found: Histogram) -> float:
    """The threshold that parts the values into two groups with the greatest variance between them.

    Source: Otsu 1979, A threshold selection method from gray-level histograms.
    """
    counts, middles = found.counts.astype(np.float64), found.middles
    below, above = np.cumsum(counts)[:-1], np.cumsum(counts[::-1])[::-1][1:]
    sums = counts * middles
    mean_below = np.cumsum(sums)[:-1] / below
    mean_above = np.cumsum(sums[::-1])[::-1][1:] / above
    between = below * above * (mean_below - mean_above) ** 2
    return float(middles[int(np.argmax(between))])


def rounded(threshold: float) -> float:
    """As it is recorded: four digits, so that the text on a polygon gives the same pixels again."""
    return float(f"{threshold:.4g}")


class Rule(NamedTuple):
    """Which values become a pre-label."""

    name: str
    """Of the index, or the formula itself."""
    threshold: float
    below: bool = False
    """Values below the threshold, instead of above."""
    only_new: bool = False
    """Not where the other date is so, too: flood is water now and not before."""

    @property
    def tool(self) -> str:
        """What is recorded on each polygon."""
        text = f"{TOOL}{self.name}{'<' if self.below else '>'}{self.threshold:.4g}"
        return f"{text}, not before" if self.only_new else text

    def picks(self, now: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
        """Where the values are so; False where one is missing (not finite).

        Args:
            now: values of the image that is drawn from.
            before: those of the other date, for `only_new`; same shape.
        """
        picked = self._side(now)
        if self.only_new:
            picked &= np.isfinite(before) & ~self._side(before)
        return picked

    def _side(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            over = values < self.threshold if self.below else values > self.threshold
        return over & np.isfinite(values)
