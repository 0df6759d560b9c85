# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells of the task grid: whole chips, where the engine cuts them; no QGIS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..chips import ChipLayout, PixelGrid, chips, corners


class Cell(NamedTuple):
    """One task."""

    name: str
    """The chip's id in the dataset."""
    image: str
    """Name of the scene."""
    row: int
    col: int
    corners: tuple[tuple[float, float], ...]
    """In the image's CRS, four, from the first pixel's."""


def cells_of(image: str, grid: PixelGrid, layout: ChipLayout) -> Iterator[Cell]:
    """All cells of an image, row by row."""
    for chip in chips(grid, layout):
        ring = tuple(corners(grid, chip, layout.size))
        yield Cell(f"{image}_{chip.chip_id}", image, chip.row, chip.col, ring)
