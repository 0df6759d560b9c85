"""How the files of a layer get onto the scene's grid: planned once, pickled to each worker."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from polychip.crs import (
    Operation,
    choose_operation,
    crs_label,
    identity,
    is_geographic,
    lonlat_bounds,
    same_crs,
    unit_in_metres,
)
from polychip.errors import InputError
from polychip.grid import SNAP_TOLERANCE_PX, Grid, Window
from polychip.image import ImageProfile, LayerSpec
from polychip.io.bands import layer_profile
from polychip.io.kernel import check_resampling
from polychip.io.raster import FileInfo, inspect_file
from polychip.io.warp import BLOCK_PX, footprint_window, snapped_grid

DEGREE_IN_METRES = 111_320.0
"""Only to compare pixel sizes of degrees with those of metres."""
SAME_GROUND = 0.9
"""Two files hide each other when they share this much of the ground that either covers."""

Inspect = Callable[[LayerSpec], list[FileInfo]]


@dataclass(frozen=True, slots=True)
class Placement:
    """How one file gets onto the scene's grid."""

    path: str
    bands: tuple[int, ...]
    """Numbers from 1 of the file's bands that are read."""
    layer_bands: tuple[int, ...]
    """Where each of them goes: indexes from 0 of the layer's bands."""
    method: Literal["copy", "warp"]
    offset: tuple[int, int]
    """Copies: the file's first pixel on the scene's grid, (column, row)."""
    extent: Window
    """The pixels of the scene's grid that the file may fill."""
    nodata: float | None
    """Overrules what the file declares."""
    resampling: str = "nearest"
    operation: Operation | None = None
    """Warps: from the file's CRS to the scene's."""


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """Everything that a worker needs to open a layer on the scene's grid; it can be pickled."""

    spec: LayerSpec
    grid: Grid
    profile: ImageProfile
    placements: tuple[Placement, ...]
    """In the order of the files: where they overlap, the first valid pixel wins."""
    block_shape: tuple[int, int]
    """(height, width) in pixels of what is decoded at a time."""
    notes: tuple[str, ...]
    """What a person should know: what was snapped, resampled or left out."""

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The coordinate operations of the warps between CRSs, without repetition."""
        used = (p.operation for p in self.placements if p.operation is not None)
        return tuple(dict.fromkeys(op for op in used if not op.is_identity))


def inspect_layer(spec: LayerSpec) -> list[FileInfo]:
    """What a look at each file of a layer tells.

    Raises:
        InputError: there is none, there are too many, or one can't be used.
    """
    name = f"layer '{spec.name}'" if spec.name else "the image"
    if not spec.files:
        raise InputError(f"{name} names no file; give at least one")
    if spec.combine == "single" and len(spec.files) > 1:
        raise InputError(
            f"{name} names {len(spec.files)} files, one was expected; combine them as a mosaic "
            "or a stack"
        )
    return [inspect_file(path) for path in spec.files]


def native_grid(spec: LayerSpec, inspect: Inspect = inspect_layer) -> Grid:
    """The grid on which no pixel has to be resampled, as far as there is one.

    Single: the file's own. Mosaic: what all files cover, on the first one's lattice, the others
    being moved by less than a pixel. Stack: the grid of the file with the smallest pixels.

    Raises:
        InputError: a file can't be used, or the files of a mosaic differ in CRS or pixel size.
    """
    infos = inspect(spec)
    if spec.combine == "single":
        return infos[0].grid
    if spec.combine == "stack":
        return min((info.grid for info in infos), key=_pixel_area)
    first, window = infos[0], infos[0].grid.window
    for info in infos[1:]:
        offset = _offset(first.grid, info.grid)
        if offset is None:
            raise InputError(
                f"{info.path}: {_describe(info.grid)}, but the mosaic's first image {first.path} "
                f"has {_describe(first.grid)}; a mosaic needs one lattice: set crs and resolution "
                "under [grid] (--crs, --resolution) and each file is resampled to it"
            )
        x, y = (_round(value) for value in offset)
        window = window.union(Window(x, y, info.grid.width, info.grid.height))
    return first.grid.sub_grid(window)


def cover_grid(
    spec: LayerSpec,
    crs: str | None,
    resolution: float | tuple[float, float] | None,
    inspect: Inspect = inspect_layer,
) -> Grid:
    """The snapped grid that covers all files of a layer, whatever their own grids.

    For scenes with [grid] crs or resolution; where a crs or resolution is left out, the first
    file's, or GDAL's suggestion for it, is taken.

    Raises:
        InputError: a file can't be used or can't be expressed in the CRS.
        RecipeError: the resolution isn't usable.
    """
    first, *others = (info.grid for info in inspect(spec))
    grid = snapped_grid(first, crs, resolution)
    window = grid.window
    for other in others:
        mine = snapped_grid(other, grid.crs_wkt, grid.pixel_size)
        x, y = grid.to_pixels(*(np.array([v]) for v in (mine.transform.c, mine.transform.f)))[0]
        window = window.union(Window(_round(x), _round(y), mine.width, mine.height))
    return grid.sub_grid(window)


def plan_layer(
    spec: LayerSpec,
    grid: Grid,
    *,
    allow_ballpark: bool = False,
    inspect: Inspect = inspect_layer,
) -> LayerPlan:
    """How the files of a layer get onto the scene's grid.

    A file whose lattice is the grid's is copied; so is a file of a mosaic whose pixels are the
    grid's but lie less than a pixel off, when the first file is on the grid's lattice. All
    others are warped.

    Args:
        spec: the layer.
        grid: the scene's grid.
        allow_ballpark: accept an operation that ignores the shift between two datums.
        inspect: looks at the files, or knows what a look at them told.

    Raises:
        InputError: a file can't be used; bands, dtypes or the nodata value don't fit; there is
            no (accurate) operation between the CRSs.
        RecipeError: the resampling isn't known.
    """
    check_resampling(spec.resampling)
    infos = inspect(spec)
    notes = [note for info in infos for note in info.notes if spec.nodata is None]
    profile, chosen = layer_profile(spec, infos, notes)
    snap = spec.combine == "mosaic" and _residual(grid, infos[0].grid) == (0.0, 0.0)
    placements = []
    for info, bands, layer_bands in chosen:
        placed = _copied(info, grid, notes, snap=snap)
        if placed is None:
            placed = _warped(spec, info, grid, notes, allow_ballpark=allow_ballpark)
        placements.append(replace(placed, bands=bands, layer_bands=layer_bands, nodata=spec.nodata))
    if spec.combine == "mosaic" and infos[0].profile.count == 1:
        notes += _hidden_files(infos)
    first = placements[0]
    block_shape = chosen[0][0].block_shape if first.method == "copy" else (BLOCK_PX, BLOCK_PX)
    return LayerPlan(spec, grid, profile, tuple(placements), block_shape, tuple(notes))


def _offset(grid: Grid, other: Grid) -> tuple[float, float] | None:
    return grid.offset_to(other) if same_crs(grid.crs_wkt, other.crs_wkt) else None


def _residual(grid: Grid, other: Grid) -> tuple[float, float] | None:
    """How far (columns, rows) to move `other` onto `grid`'s lattice; None if it can't be moved."""
    offset = _offset(grid, other)
    if offset is None:
        return None
    x, y = (_round(value) - value for value in offset)
    return (0.0, 0.0) if max(abs(x), abs(y)) <= SNAP_TOLERANCE_PX else (x, y)


def _round(value: float) -> int:
    return math.floor(value + 0.5)


def _copied(info: FileInfo, grid: Grid, notes: list[str], *, snap: bool) -> Placement | None:
    offset, residual = _offset(grid, info.grid), _residual(grid, info.grid)
    if offset is None or residual is None or (residual != (0.0, 0.0) and not snap):
        return None
    if residual != (0.0, 0.0):
        notes.append(
            f"{info.name} was snapped by ({residual[0]:.2f}, {residual[1]:.2f}) px to the "
            "first image's grid"
        )
    x, y = (_round(value) for value in offset)
    extent = Window(x, y, info.grid.width, info.grid.height).intersection(grid.window)
    return Placement(info.path, (), (), "copy", (x, y), extent, None)


def _warped(
    spec: LayerSpec, info: FileInfo, grid: Grid, notes: list[str], *, allow_ballpark: bool
) -> Placement:
    same = same_crs(info.grid.crs_wkt, grid.crs_wkt)
    try:
        operation = (
            identity(crs_label(grid.crs_wkt))
            if same
            else choose_operation(
                info.grid.crs_wkt,
                grid.crs_wkt,
                lonlat_bounds(info.grid.crs_wkt, info.grid.outline()),
                allow_ballpark=allow_ballpark,
            )
        )
    except InputError as error:
        raise InputError(f"{info.path}: {error}") from error
    codes = spec.categorical or info.profile.colormap is not None
    resampling = "nearest" if codes else spec.resampling
    notes.append(_warp_note(info, grid, resampling, same=same))
    extent = footprint_window(info.grid, grid, operation)
    return Placement(info.path, (), (), "warp", (0, 0), extent, None, resampling, operation)


def _warp_note(info: FileInfo, grid: Grid, resampling: str, *, same: bool) -> str:
    ours, theirs = _size(info.grid), _size(grid)
    if not same:
        return (
            f"{info.name} was warped from {crs_label(info.grid.crs_wkt)} ({ours}) to "
            f"{crs_label(grid.crs_wkt)} ({theirs}) by {resampling}"
        )
    if ours != theirs:
        return f"{info.name} was resampled from {ours} to {theirs} by {resampling}"
    return f"{info.name} was resampled by {resampling}: its pixels lie off the grid's"


def _hidden_files(infos: Sequence[FileInfo]) -> list[str]:
    """A note for each file that covers nearly the same ground as one before it."""
    boxes: list[tuple[FileInfo, tuple[float, ...]]] = []
    notes = []
    for info in infos:
        corners = info.grid.corners()
        box = (*corners.min(axis=0), *corners.max(axis=0))
        for other, other_box in boxes:
            if _overlap(box, other_box) > SAME_GROUND and same_crs(
                info.grid.crs_wkt, other.grid.crs_wkt
            ):
                notes.append(
                    f"{other.name} and {info.name} cover the same ground: in a mosaic the first "
                    "hides the other; if they are bands of one image, name them as a stack: "
                    f'layers = {{ name = ["{other.name}", "{info.name}"] }}'
                )
                break
        boxes.append((info, box))
    return notes


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Share of the ground under either box, (x0, y0, x1, y1), that lies under both."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return both / (sum(areas) - both)


def _metres_per_unit(grid: Grid) -> float:
    return unit_in_metres(grid.crs_wkt) or DEGREE_IN_METRES


def _pixel_area(grid: Grid) -> float:
    return abs(grid.transform.determinant) * _metres_per_unit(grid) ** 2


def _size(grid: Grid) -> str:
    """A pixel's size for people: '10 m', '30 × 15 m' or '0.0001°'."""
    degrees = is_geographic(grid.crs_wkt)
    factor = 1.0 if degrees else _metres_per_unit(grid)
    width, height = (f"{side * factor:.4g}" for side in grid.pixel_size)
    sides = width if width == height else f"{width} × {height}"
    return f"{sides}°" if degrees else f"{sides} m"


def _describe(grid: Grid) -> str:
    turned = "" if grid.transform.is_rectilinear else ", rotated"
    flipped = ", south-up" if grid.transform.e > 0 else ""
    return f"pixels of {_size(grid)} in {crs_label(grid.crs_wkt)}{turned}{flipped}"
