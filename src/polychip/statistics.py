"""Sums over a dataset's chips, the same whatever order they were made in; pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class BandSums:
    """Statistics of one layer's bands, added up chip by chip in the index's order.

    Lists have an entry a band.
    """

    counts: list[int] = field(default_factory=list)
    sums: list[list[float]] = field(default_factory=list)
    squares: list[list[float]] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)

    def add(self, chip: Mapping[str, Any]) -> None:
        """Add a chip's `band_statistics`."""
        for band, count in enumerate(chip["n_valid"]):
            if band == len(self.counts):
                self.counts.append(0)
                self.sums.append([])
                self.squares.append([])
                self.lows.append(math.inf)
                self.highs.append(-math.inf)
            if not count:
                continue
            self.counts[band] += count
            self.sums[band].append(chip["sum"][band])
            self.squares[band].append(chip["sumsq"][band])
            self.lows[band] = min(self.lows[band], chip["min"][band])
            self.highs[band] = max(self.highs[band], chip["max"][band])
            if len(self.sums[band]) >= _FOLD:
                self.sums[band] = [math.fsum(self.sums[band])]
                self.squares[band] = [math.fsum(self.squares[band])]

    def result(self) -> list[dict[str, float | None]]:
        """Count, least, greatest, mean and standard deviation of each band; None without data."""
        return [self._band(band) for band in range(len(self.counts))]

    def _band(self, band: int) -> dict[str, float | None]:
        count = self.counts[band]
        if not count:
            return {"count": 0, "min": None, "max": None, "mean": None, "std": None}
        mean = math.fsum(self.sums[band]) / count
        variance = math.fsum(self.squares[band]) / count - mean * mean
        return {
            "count": count,
            "min": self.lows[band],
            "max": self.highs[band],
            "mean": mean,
            "std": math.sqrt(max(variance, 0.0)),
        }


_FOLD = 65_536
"""Chips after which the sums are folded into one, so that memory stays bounded."""


@dataclass(slots=True)
class Counts:
    """What a dataset holds."""

    n_chips: int = 0
    n_by_split: Counter[str] = field(default_factory=Counter)
    n_by_scene: Counter[str] = field(default_factory=Counter)
    pixels: Counter[int] = field(default_factory=Counter)
    """Pixels by class code; padding does not count."""
    pixels_by_split: dict[str, Counter[int]] = field(default_factory=dict)
    n_object_views: int = 0
    """Objects seen, counted once a chip."""

    def add(self, scene: str, split: str, pixels: Mapping[int, int], n_instances: int) -> None:
        """Add a chip."""
        self.n_chips += 1
        self.n_by_scene[scene] += 1
        self.n_by_split[split] += 1
        mine = self.pixels_by_split.setdefault(split, Counter())
        for code, n in pixels.items():  # several times cheaper than Counter.update
            self.pixels[code] += n
            mine[code] += n
        self.n_object_views += n_instances

    def merge(self, other: "Counts") -> None:
        """Add what was counted elsewhere."""
        self.n_chips += other.n_chips
        self.n_by_scene.update(other.n_by_scene)
        self.n_by_split.update(other.n_by_split)
        self.pixels.update(other.pixels)
        for split, pixels in other.pixels_by_split.items():
            self.pixels_by_split.setdefault(split, Counter()).update(pixels)
        self.n_object_views += other.n_object_views

    def split_shares(self, names: Sequence[str], codes: Sequence[int]) -> dict[str, Any]:
        """What each split has of the chips and of each class's pixels, 0 to 1.

        Args:
            names: of the splits.
            codes: of the classes.
        """
        classes = {
            str(code): _shares([self.pixels_by_split.get(s, Counter())[code] for s in names])
            for code in codes
        }
        chips = _shares([self.n_by_split[s] for s in names])
        return {
            "chips": dict(zip(names, chips, strict=True)),
            "classes": {
                code: dict(zip(names, parts, strict=True)) for code, parts in classes.items()
            },
        }


def _shares(amounts: Sequence[int]) -> list[float]:
    """Each part's share of the whole; zeros where there is nothing."""
    total = sum(amounts)
    return [round(amount / total, 6) if total else 0.0 for amount in amounts]
