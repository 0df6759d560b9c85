# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the chips of an image lie, in whole pixels; pure, no QGIS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

EDGES = ("pad", "shift", "drop")
"""What happens at the right and bottom edge: chips reach out, move back in, or are left out."""


class PixelGrid(NamedTuple):
    """The pixel lattice of an image."""

    transform: tuple[float, float, float, float, float, float]
    """GDAL's geotransform, corner convention; may be rotated or south-up."""
    width: int
    """Columns."""
    height: int
    """Rows."""

    def to_crs(self, column: float, row: float) -> tuple[float, float]:
        """CRS coordinates of a pixel coordinate; (0, 0) is the first pixel's outer corner."""
        x0, x_col, x_row, y0, y_col, y_row = self.transform
        return x0 + column * x_col + row * x_row, y0 + column * y_col + row * y_row

    def to_pixel(self, x: float, y: float) -> tuple[float, float]:
        """(column, row) of CRS coordinates."""
        x0, x_col, x_row, y0, y_col, y_row = self.transform
        dx, dy = x - x0, y - y0
        det = x_col * y_row - x_row * y_col
        return (y_row * dx - x_row * dy) / det, (x_col * dy - y_col * dx) / det


class ChipLayout(NamedTuple):
    """How chips are laid over an image."""

    size: int
    """Side of a chip in pixels."""
    stride: int
    """Step from chip to chip in pixels."""
    edge: str = "pad"
    """One of EDGES."""


class Chip(NamedTuple):
    """One chip of the grid."""

    row: int
    col: int
    x_off: int
    """First pixel column."""
    y_off: int
    """First pixel row."""

    @property
    def chip_id(self) -> str:
        """The chip's name inside its image, as the engine writes it after the group."""
        return f"r{self.row:07d}_c{self.col:07d}"


def starts(length: int, layout: ChipLayout) -> list[int]:
    """First pixels of the chips along one side of `length` pixels, ascending.

    'pad': 0, stride, … until the end is covered, none beyond the end; 'shift': the same, the last
    one moved back so that it ends with the image; 'drop': whole chips only. As the engine does it.

    Raises:
        ValueError: a size, stride or length under 1, or an unknown edge rule.
    """
    size, stride, edge = layout
    if min(length, size, stride) < 1:
        raise ValueError(f"length {length}, size {size} and stride {stride} must be 1 or more")
    if edge not in EDGES:
        raise ValueError(f"edge {edge!r} is not one of {', '.join(EDGES)}")
    if edge == "drop":
        return list(range(0, length - size + 1, stride))
    to_cover = 1 + max(0, -((size - length) // stride))
    found = list(range(0, length, stride))[:to_cover]
    if edge == "shift":
        found[-1] = min(found[-1], max(0, length - size))
    return found


def rows_and_columns(grid: PixelGrid, layout: ChipLayout) -> tuple[int, int]:
    """Number of chip rows and chip columns."""
    return len(starts(grid.height, layout)), len(starts(grid.width, layout))


def chips(grid: PixelGrid, layout: ChipLayout) -> Iterator[Chip]:
    """All chips, row by row."""
    columns = starts(grid.width, layout)
    for row, y_off in enumerate(starts(grid.height, layout)):
        for col, x_off in enumerate(columns):
            yield Chip(row, col, x_off, y_off)


def corners(grid: PixelGrid, chip: Chip, size: int) -> list[tuple[float, float]]:
    """CRS coordinates of a chip's four corners, from its first pixel's, in pixel order."""
    x, y = chip.x_off, chip.y_off
    return [grid.to_crs(*at) for at in ((x, y), (x + size, y), (x + size, y + size), (x, y + size))]
