"""Sums over a dataset's chips, the same whatever order they were made in; pure."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class BandSums:
    """Statistics of one layer's bands, added up chip by chip in the index's order."""

    n_valid: int = 0
    sums: list[list[float]] = field(default_factory=list)
    squares: list[list[float]] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)

    def add(self, chip: Mapping[str, Any]) -> None:
        """Add a chip's `band_statistics`."""
        if not chip["n_valid"]:
            return
        self.n_valid += int(chip["n_valid"])
        if not self.sums:
            self.sums = [[] for _ in chip["sum"]]
            self.squares = [[] for _ in chip["sum"]]
            self.lows, self.highs = list(chip["min"]), list(chip["max"])
        for band, (total, square) in enumerate(zip(chip["sum"], chip["sumsq"], strict=True)):
            self.sums[band].append(total)
            self.squares[band].append(square)
        self.lows = [min(a, b) for a, b in zip(self.lows, chip["min"], strict=True)]
        self.highs = [max(a, b) for a, b in zip(self.highs, chip["max"], strict=True)]
        if len(self.sums[0]) >= _FOLD:
            self.sums = [[math.fsum(parts)] for parts in self.sums]
            self.squares = [[math.fsum(parts)] for parts in self.squares]

    def result(self) -> list[dict[str, float]]:
        """Count, least, greatest, mean and standard deviation of each band."""
        bands = []
        for band in range(len(self.sums)):
            mean = math.fsum(self.sums[band]) / self.n_valid
            variance = math.fsum(self.squares[band]) / self.n_valid - mean * mean
            bands.append(
                {
                    "count": self.n_valid,
                    "min": self.lows[band],
                    "max": self.highs[band],
                    "mean": mean,
                    "std": math.sqrt(max(variance, 0.0)),
                }
            )
        return bands


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
        self.pixels.update(pixels)
        self.pixels_by_split.setdefault(split, Counter()).update(pixels)
        self.n_object_views += n_instances
