# SPDX-License-Identifier: GPL-2.0-or-later
"""The chips of a plan, as the engine lays them out: where they lie, their split, why skipped."""

from __future__ import annotations

import array
from typing import Any, NamedTuple

from qgis.core import QgsCoordinateReferenceSystem

from .chips import Chip, PixelGrid
from .preview_arrays import numbers

NO_SPLIT = 255


class PlannedChip(NamedTuple):
    """One chip of a plan."""

    chip: Chip
    chip_id: str
    split: str
    """'' where chips are not divided, or left out of the splits."""
    skipped: str
    """Why a run would leave it out; '' when it would not."""


class PlanGrid:
    """The chips of one scene."""

    def __init__(self, told: dict[str, Any], splits: list[str], shape: list[int]) -> None:
        self.scene: str = told["scene"]
        self.group: str = told["group"]
        self.grid = PixelGrid(tuple(told["transform"]), told["width"], told["height"])
        self.crs = QgsCoordinateReferenceSystem.fromWkt(told["crs"])
        self.height, self.width = shape
        self._splits, self._reasons = splits, told["reasons"]
        self._row, self._col = numbers(told["row"]), numbers(told["col"])
        self._x, self._y = numbers(told["x_off"]), numbers(told["y_off"])
        self._split, self._skipped = numbers(told["split"]), numbers(told["skipped"])
        self._columns = _starts(self._x)
        self._rows = _starts(self._y)
        self._index = {at: number for number, at in enumerate(zip(self._x, self._y))}

    def __len__(self) -> int:
        return len(self._row)

    def __getitem__(self, number: int) -> PlannedChip:
        if not 0 <= number < len(self):
            raise IndexError(number)
        chip = Chip(self._row[number], self._col[number], self._x[number], self._y[number])
        split = self._split[number]
        return PlannedChip(
            chip,
            f"{self.group}_{chip.chip_id}",
            "" if split == NO_SPLIT else self._splits[split],
            self._reasons[self._skipped[number]],
        )

    def chip_at(self, x: float, y: float) -> int:
        """Number of the chip under a point of the image's CRS; of several the nearest middle's.

        -1 where no chip lies.
        """
        column, row = self.grid.to_pixel(x, y)
        best, nearest = -1, float("inf")
        for y_off in _covering(self._rows, row, self.height):
            for x_off in _covering(self._columns, column, self.width):
                away = (column - x_off - self.width / 2) ** 2 + (row - y_off - self.height / 2) ** 2
                number = self._index.get((x_off, y_off), -1)
                if number >= 0 and away < nearest:
                    best, nearest = number, away
        return best


def plan_grids(result: dict[str, Any]) -> list[PlanGrid]:
    """The grids in the engine's answer to `plan`."""
    shape = result["report"]["chip_shape"]
    return [PlanGrid(told, result["splits"], shape) for told in result["grids"]]


def _starts(values: array.array) -> list[int]:
    return sorted(set(values))


def _covering(starts: list[int], position: float, length: int) -> list[int]:
    """The starts of chips that hold a position; few, as chips overlap by little or nothing."""
    return [start for start in starts if start <= position < start + length]
