"""The units of a split: cells of groups, one each however many scenes show it; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.layout.cells import MAX_INDEX, Cells, ChipOptions, Lattice, chip_ids
from polychip.layout.ground import Footprints

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class UnitTable:
    """Cells of groups, one entry each however many scenes show it."""

    group: NDArray[np.int32]
    """Index into the lattices."""
    row: Ints
    col: Ints
    x_off: Ints
    """First column in lattice pixels."""
    y_off: Ints
    height: int
    """Of every cell, in pixels."""
    width: int
    suffix: NDArray[np.str_] | None = None
    """What follows the group in the chips' ids; None: row and column."""

    def __len__(self) -> int:
        """Number of units."""
        return len(self.group)

    @property
    def footprints(self) -> Footprints:
        """The units as rectangles on the groups' lattices."""
        size = np.ones(len(self), dtype=np.int64)
        return Footprints(self.group, self.x_off, self.y_off, size * self.width, size * self.height)

    def take(self, index: Ints) -> "UnitTable":
        """Some of the units, in the order of `index`."""
        return UnitTable(
            group=self.group[index],
            row=self.row[index],
            col=self.col[index],
            x_off=self.x_off[index],
            y_off=self.y_off[index],
            height=self.height,
            width=self.width,
            suffix=None if self.suffix is None else self.suffix[index],
        )

    def ids(self, lattices: Sequence[Lattice]) -> list[str]:
        """Chip id of each unit."""
        found = [""] * len(self)
        for index, lattice in enumerate(lattices):
            mine = np.flatnonzero(self.group == index)
            suffix = None if self.suffix is None else self.suffix[mine]
            names = chip_ids(lattice.group, self.row[mine], self.col[mine], suffix)
            for place, name in zip(mine.tolist(), names, strict=True):
                found[place] = name
        return found


def gather_units(
    cells: Sequence[Cells], lattices: Sequence[Lattice], options: ChipOptions
) -> tuple[UnitTable, tuple[Ints, ...]]:
    """The distinct cells of all groups, by group, then row and column, or name.

    Returns:
        (units, for each group the unit of each of its chips, shape (chips,)).
    """
    columns: list[list[Ints]] = []
    unit_of: list[Ints] = []
    names: list[NDArray[np.str_]] = []
    done = 0
    for index, (found, lattice) in enumerate(zip(cells, lattices, strict=True)):
        key = found.row * (MAX_INDEX + 1) + found.col if found.suffix is None else found.suffix
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        offsets = np.array(lattice.offsets, dtype=np.int64)[found.scene[first]]
        columns.append(
            [
                np.full(len(first), index, dtype=np.int64),
                found.row[first],
                found.col[first],
                found.x_off[first] + offsets[:, 0],
                found.y_off[first] + offsets[:, 1],
            ]
        )
        if found.suffix is not None:
            names.append(found.suffix[first])
        unit_of.append(inverse.astype(np.int64) + done)
        done += len(first)
    empty = [[np.empty(0, dtype=np.int64)] * 5]
    group, row, col, x, y = (np.concatenate(part) for part in zip(*(columns or empty), strict=True))
    suffix = np.concatenate(names) if names else None
    units = UnitTable(group.astype(np.int32), row, col, x, y, options.height, options.width, suffix)
    return units, tuple(unit_of)
