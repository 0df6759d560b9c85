"""Chip cells: where the chips of a group of scenes lie, and what they are called; pure.

Scenes of a group (dates, sensors) lie on one pixel lattice and share the cells cut out of it, so
that a place has the same chip id in every date.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from polychip.crs import crs_label, same_crs
from polychip.errors import InputError, RecipeError
from polychip.grid import SNAP_TOLERANCE_PX, Grid, Window
from polychip.names import fault_of_name

Edge = Literal["pad", "shift", "drop"]
Anchor = Literal["image", "grid"]
Ints = NDArray[np.int64]

WHOLE_PIXEL_TOLERANCE = 0.01
"""Offsets between scenes count as whole within this many pixels."""
GRID_ANCHOR_INDEX = 5_000_000
"""Row (column) of the cell that starts at the CRS's own origin, so that ids are never negative."""
MAX_INDEX = 9_999_999
"""Largest row or column that the seven digits of a chip id hold."""


@dataclass(frozen=True, slots=True)
class ChipOptions:
    """Size and spacing of chips, in pixels of the group's lattice.

    Raises:
        RecipeError: a size or stride is below 1, or 'shift' is asked for on grid-anchored cells.
    """

    height: int
    width: int
    stride_y: int
    stride_x: int
    edge: Edge = "pad"
    """Chips that reach out: padded, moved back inside, or left out."""
    anchor: Anchor = "image"
    """Cells counted from the group's first pixel, or from the CRS's origin (0, 0)."""

    def __post_init__(self) -> None:
        """Refuse what can't be cut."""
        for name, (down, right) in {
            "size": (self.height, self.width),
            "stride": (self.stride_y, self.stride_x),
        }.items():
            if down < 1 or right < 1:
                raise RecipeError(
                    f"chips.{name} is {down} × {right} pixels (height × width); give 1 or more"
                )
        if self.edge not in ("pad", "shift", "drop") or self.anchor not in ("image", "grid"):
            raise RecipeError(
                f"chips.edge is '{self.edge}' and chips.anchor '{self.anchor}'; edge is one of "
                "'pad', 'shift', 'drop', anchor 'image' or 'grid'"
            )
        if self.edge == "shift" and self.anchor == "grid":
            raise RecipeError(
                "chips.edge = 'shift' moves chips off the cells that chips.anchor = 'grid' fixes; "
                "take edge 'pad' or 'drop', or anchor 'image'"
            )


@dataclass(frozen=True, slots=True)
class Lattice:
    """The pixel lattice that a group's scenes share: the union of their grids."""

    group: str
    grid: Grid
    """From the upper left to the lower right pixel of all scenes, in the first scene's pixels."""
    scenes: tuple[Window, ...]
    """Each scene's own extent, in lattice pixels."""

    @property
    def offsets(self) -> tuple[tuple[int, int], ...]:
        """(x, y) of each scene's first pixel, in lattice pixels."""
        return tuple((window.x_off, window.y_off) for window in self.scenes)


@dataclass(frozen=True, slots=True)
class Cells:
    """The chips of a group, one entry a (scene, cell), ordered by scene, row, column."""

    scene: NDArray[np.int32]
    """Index into the group's scenes."""
    row: Ints
    col: Ints
    x_off: Ints
    """First column in the scene's own pixels; may be negative or reach beyond (padding)."""
    y_off: Ints
    suffix: NDArray[np.str_] | None = None
    """What follows the group in the chips' ids; None: row and column."""

    def __len__(self) -> int:
        """Number of chips."""
        return len(self.scene)

    def take(self, index: Ints) -> "Cells":
        """Some of the chips, in the order of `index`."""
        return Cells(
            self.scene[index],
            self.row[index],
            self.col[index],
            self.x_off[index],
            self.y_off[index],
            None if self.suffix is None else self.suffix[index],
        )


def group_lattice(group: str, grids: Sequence[tuple[str, Grid]]) -> Lattice:
    """The common lattice of a group's scenes, given as (scene name, grid).

    Raises:
        InputError: CRSs or pixel sizes differ, or the pixels don't meet.
        ValueError: there is no scene.
    """
    if not grids:
        raise ValueError(f"group '{group}' has no scene")
    first_name, first = grids[0]
    windows = [first.window]
    for name, grid in grids[1:]:
        x, y = _whole_offset(group, (first_name, first), (name, grid))
        windows.append(Window(x, y, grid.width, grid.height))
    union = windows[0]
    for window in windows[1:]:
        union = union.union(window)
    scenes = tuple(window.shifted(-union.x_off, -union.y_off) for window in windows)
    return Lattice(group, first.sub_grid(union), scenes)


def _whole_offset(group: str, first: tuple[str, Grid], other: tuple[str, Grid]) -> tuple[int, int]:
    (first_name, a), (name, b) = first, other
    remedy = (
        "scenes of a group share their pixels: give grid.crs and grid.resolution, or put them "
        "into separate groups"
    )
    if not same_crs(a.crs_wkt, b.crs_wkt):
        raise InputError(
            f"group '{group}': scene '{name}' is in {crs_label(b.crs_wkt)}, scene '{first_name}' "
            f"in {crs_label(a.crs_wkt)}; {remedy}"
        )
    offset = a.offset_to(b)
    if offset is None:
        sizes = [" × ".join(f"{side:.10g}" for side in grid.pixel_size) for grid in (b, a)]
        turned = ", in another direction" if sizes[0] == sizes[1] else ""
        raise InputError(
            f"group '{group}': pixels of scene '{name}' measure {sizes[0]}, those of scene "
            f"'{first_name}' {sizes[1]}{turned}; {remedy}"
        )
    x, y = round(offset[0]), round(offset[1])
    residual = abs(offset[0] - x), abs(offset[1] - y)
    if max(residual) > WHOLE_PIXEL_TOLERANCE:
        raise InputError(
            f"group '{group}': scene '{name}' lies {residual[0]:.3f} × {residual[1]:.3f} px off "
            f"the pixels of scene '{first_name}' (at most {WHOLE_PIXEL_TOLERANCE} is taken for "
            f"none); {remedy}"
        )
    return x, y


def pixel_families(grids: Sequence[Grid]) -> tuple[Ints, Ints]:
    """Which grids' pixels coincide.

    Returns:
        (family of each grid, named by its first grid; first pixel (x, y) of each grid in the
        pixels of that first grid, shape (n, 2)).
    """
    family = np.zeros(len(grids), dtype=np.int64)
    shift = np.zeros((len(grids), 2), dtype=np.int64)
    crs_of: dict[str, str] = {}
    alike: dict[tuple[str, ...], Grid] = {}
    heads: dict[tuple[Grid, int, int], tuple[int, NDArray[np.float64]]] = {}
    cells = round(0.5 / SNAP_TOLERANCE_PX)
    for index, grid in enumerate(grids):
        text, t = grid.crs_wkt, grid.transform
        if text not in crs_of:
            known = dict.fromkeys(crs_of.values())
            crs_of[text] = next((name for name in known if same_crs(name, text)), text)
        sides = (f"{side + 0.0:.9e}" for side in (t.a, t.b, t.d, t.e))
        first = alike.setdefault((crs_of[text], *sides), grid)
        offset = first.to_pixels(np.array([t.c]), np.array([t.f]))[0]
        x, y = (round(part * cells) % cells for part in offset.tolist())
        family[index], head = heads.setdefault((first, x, y), (index, offset))
        shift[index] = np.round(offset - head)
    return family, shift


def starts(length: int, size: int, stride: int, edge: Edge) -> Ints:
    """First pixels of the chips along one axis of `length` pixels, ascending.

    'pad': 0, stride, … until the end is covered, none beyond the end; 'shift': the same, the last
    one moved back so that it ends with the axis (0 when the axis is shorter than a chip); 'drop':
    whole chips only.
    """
    if edge == "drop":
        count = max(0, (length - size) // stride + 1)
        return np.arange(count, dtype=np.int64) * stride
    count = min(1 + max(0, -((size - length) // stride)), -(-length // stride))
    found = np.arange(count, dtype=np.int64) * stride
    return np.minimum(found, max(0, length - size)) if edge == "shift" else found


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis of the chip lattice."""

    length: int
    """Of the group's lattice, in pixels."""
    origin: int | None
    """The lattice's first pixel counted from the CRS's origin; None: anchored at the image."""
    size: int
    stride: int
    edge: Edge

    def cells(self, begin: int, end: int) -> tuple[Ints, Ints]:
        """(index, first lattice pixel) of the cells of a scene that covers [begin, end)."""
        if self.origin is not None:
            return self._anchored(self.origin, begin, end)
        first = starts(self.length, self.size, self.stride, self.edge)
        if self.edge == "drop":
            mine = (first >= begin) & (first + self.size <= end)
        else:
            mine = (first < end) & (first + self.size > begin)
        return np.flatnonzero(mine).astype(np.int64), first[mine]

    def _anchored(self, origin: int, begin: int, end: int) -> tuple[Ints, Ints]:
        """Cells at multiples of the stride; they depend on this scene alone, not on the group."""
        low, high = origin + begin, origin + end
        if self.edge == "drop":
            first, last = -(-low // self.stride), (high - self.size) // self.stride
        else:
            first = low // self.stride
            last = max(first, -((self.size - high) // self.stride))
            last = min(last, (high - 1) // self.stride)
        index = np.arange(first, last + 1, dtype=np.int64)
        index = index[index * self.stride + self.size > low]  # a stride beyond the size leaves gaps
        return index + GRID_ANCHOR_INDEX, index * self.stride - origin


def _axes(lattice: Lattice, options: ChipOptions) -> tuple[_Axis, _Axis]:
    """The row axis and the column axis."""
    x, y = _grid_origin(lattice) if options.anchor == "grid" else (None, None)
    return (
        _Axis(lattice.grid.height, y, options.height, options.stride_y, options.edge),
        _Axis(lattice.grid.width, x, options.width, options.stride_x, options.edge),
    )


def _grid_origin(lattice: Lattice) -> tuple[int, int]:
    """(x, y) of the lattice's first pixel, counted in pixels from the CRS's origin."""
    t = lattice.grid.transform
    what = f"group '{lattice.group}': chips.anchor = 'grid' counts cells from the CRS's origin"
    remedy = "give grid.resolution (and grid.crs), or take anchor 'image'"
    if t.b != 0.0 or t.d != 0.0:
        raise InputError(f"{what}, but the image's grid is rotated; {remedy}")
    x, y = t.c / t.a, t.f / t.e
    residual = max(abs(x - round(x)), abs(y - round(y)))
    if not math.isfinite(residual) or residual > WHOLE_PIXEL_TOLERANCE:
        raise InputError(
            f"{what}, but the image's first corner ({t.c:.10g}, {t.f:.10g}) is {residual:.3f} px "
            f"off a whole multiple of its pixel size ({t.a:.10g}, {t.e:.10g}); {remedy}"
        )
    return round(x), round(y)


def plan_cells(lattice: Lattice, options: ChipOptions) -> Cells:
    """The chips of every scene of a group.

    A cell belongs to each scene whose own extent it cuts by at least one pixel; with edge 'drop'
    to each scene that it lies in wholly. Cells anchored at the image are those of the group's
    union; cells anchored at the grid depend on the scene alone, and their row and column count
    from GRID_ANCHOR_INDEX at the CRS's origin.

    Raises:
        InputError: anchor 'grid' on a grid that is rotated or off the whole multiples of a pixel.
        RecipeError: a row or column has more than seven digits.
    """
    down, right = _axes(lattice, options)
    parts: list[tuple[Ints, ...]] = []
    for index, scene in enumerate(lattice.scenes):
        row, y = down.cells(scene.y_off, scene.y_end)
        col, x = right.cells(scene.x_off, scene.x_end)
        _check_range(lattice.group, row, col)
        count = len(row) * len(col)
        parts.append(
            (
                np.full(count, index, dtype=np.int64),
                np.repeat(row, len(col)),
                np.tile(col, len(row)),
                np.tile(x - scene.x_off, len(row)),
                np.repeat(y - scene.y_off, len(col)),
            )
        )
    scenes, rows, cols, x_offs, y_offs = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Cells(scenes.astype(np.int32), rows, cols, x_offs, y_offs)


def _check_range(group: str, rows: Ints, cols: Ints) -> None:
    for name, index in (("row", rows), ("column", cols)):
        if index.size and (index[0] < 0 or index[-1] > MAX_INDEX):
            raise RecipeError(
                f"group '{group}': chip {name}s run from {index[0]} to {index[-1]}, chip ids hold "
                f"0 to {MAX_INDEX}; give a larger chips.stride, or chips.anchor = 'image'"
            )


def coverage_gap(lattice: Lattice, options: ChipOptions) -> float:
    """Share of the scenes' pixels that lie in no chip, 0 to 1 (stride > size, or edge 'drop').

    Raises:
        InputError: as `plan_cells`.
    """
    down, right = _axes(lattice, options)
    covered = total = 0
    for scene in lattice.scenes:
        rows = _covered(down, scene.y_off, scene.y_end)
        covered += rows * _covered(right, scene.x_off, scene.x_end)
        total += scene.width * scene.height
    return 1.0 - covered / total if covered < total else 0.0


def _covered(axis: _Axis, begin: int, end: int) -> int:
    """Pixels of [begin, end) that lie in a cell."""
    _, first = axis.cells(begin, end)
    low, high = np.maximum(first, begin), np.minimum(first + axis.size, end)
    high[:-1] = np.minimum(high[:-1], low[1:])
    return int((high - low).sum())


def chip_ids(
    group: str, rows: Ints, cols: Ints, suffix: NDArray[np.str_] | None = None
) -> list[str]:
    """Chip ids of the cells of one group: by row and column, or by the names that they have."""
    if suffix is not None:
        return [f"{group}_{name}" for name in suffix.tolist()]
    return [
        f"{group}_r{row:07d}_c{col:07d}"
        for row, col in zip(rows.tolist(), cols.tolist(), strict=True)
    ]


def check_group_names(names: Sequence[str]) -> None:
    """Refuse group names that can't be file names everywhere, or that loaders would confuse.

    Raises:
        RecipeError: a name is none for a file; or two names are equal ignoring case, or one ends
            with the other (some loaders match substrings).
    """
    for name in names:
        fault = fault_of_name("group name", name)
        if fault:
            raise RecipeError(fault)
    # Read backwards and sorted, a name that others end with stands right before one of them.
    backwards = sorted((name.lower()[::-1], name) for name in names)
    for (tail, short), (word, long) in pairwise(backwards):
        if tail == word:
            raise RecipeError(
                f"the group names '{short}' and '{long}' are the same to file systems that ignore "
                f"case; rename one, for example to '{long}-2'"
            )
        if word.startswith(tail):
            raise RecipeError(
                f"the group name '{long}' ends with another group's name, '{short}': loaders that "
                f"match file names by their end would mix them up; rename one, for example "
                f"'{long}' to '{long}-2'"
            )
