"""From the files of a layer to pixels on the scene's grid: planned once, opened by each worker."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

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
from polychip.errors import InputError, nearest, some
from polychip.grid import SNAP_TOLERANCE_PX, Grid, Window
from polychip.image import ImageProfile, ImageSource, LayerSpec
from polychip.io.raster import (
    FileInfo,
    FileSource,
    Parts,
    apply_rule,
    as_sample,
    common_value,
    fits,
    inspect_file,
    select_bands,
)
from polychip.io.warp import (
    BLOCK_PX,
    WarpedFile,
    check_resampling,
    footprint_window,
    snapped_grid,
)

DEGREE_IN_METRES = 111_320.0
"""Only to compare pixel sizes of degrees with those of metres."""
SAME_GROUND = 0.9
"""Two files hide each other when they share this much of the ground that either covers."""
OPEN_FILES = 32
"""Files of a layer that are kept open at a time."""


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


def native_grid(spec: LayerSpec) -> Grid:
    """The grid on which no pixel has to be resampled, as far as there is one.

    Single: the file's own. Mosaic: what all files cover, on the first one's lattice, the others
    being moved by less than a pixel. Stack: the grid of the file with the smallest pixels.

    Raises:
        InputError: a file can't be used, or the files of a mosaic differ in CRS or pixel size.
    """
    infos = _inspect(spec)
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
    spec: LayerSpec, crs: str | None, resolution: float | tuple[float, float] | None
) -> Grid:
    """The snapped grid that covers all files of a layer, whatever their own grids.

    For scenes with [grid] crs or resolution; where a crs or resolution is left out, the first
    file's, or GDAL's suggestion for it, is taken.

    Raises:
        InputError: a file can't be used or can't be expressed in the CRS.
        RecipeError: the resolution isn't usable.
    """
    first, *others = (info.grid for info in _inspect(spec))
    grid = snapped_grid(first, crs, resolution)
    window = grid.window
    for other in others:
        mine = snapped_grid(other, grid.crs_wkt, grid.pixel_size)
        x, y = grid.to_pixels(*(np.array([v]) for v in (mine.transform.c, mine.transform.f)))[0]
        window = window.union(Window(_round(x), _round(y), mine.width, mine.height))
    return grid.sub_grid(window)


def plan_layer(spec: LayerSpec, grid: Grid, *, allow_ballpark: bool = False) -> LayerPlan:
    """How the files of a layer get onto the scene's grid.

    A file whose lattice is the grid's is copied; so is a file of a mosaic whose pixels are the
    grid's but lie less than a pixel off, when the first file is on the grid's lattice. All
    others are warped.

    Args:
        spec: the layer.
        grid: the scene's grid.
        allow_ballpark: accept an operation that ignores the shift between two datums.

    Raises:
        InputError: a file can't be used; bands, dtypes or the nodata value don't fit; there is
            no (accurate) operation between the CRSs.
        RecipeError: the resampling isn't known.
    """
    check_resampling(spec.resampling)
    infos = _inspect(spec)
    _check_nodata(spec, infos)
    notes = [note for info in infos for note in info.notes if spec.nodata is None]
    describe = _stack_profile if spec.combine == "stack" else _shared_profile
    profile, chosen = describe(spec, infos, notes)
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


def open_layer(plan: LayerPlan) -> ImageSource:
    """The layer's pixels on the scene's grid; files are opened when they are first needed."""
    return LayerSource(plan)


def read_classes(
    source: ImageSource, window: Window
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Whole numbers of the first band, shape (height, width), and where they are valid.

    Codes of invalid pixels are 0.

    Raises:
        InputError: valid pixels hold something else than whole numbers.
    """
    pixels, valid = source.read(window)
    values = np.where(valid, pixels[0], 0)
    codes = values.real.astype(np.int64)
    odd = values[values != codes]
    if odd.size:
        raise InputError(
            f"a raster of classes holds {some(np.unique(odd))}; whole numbers were expected: "
            "give a raster of codes, and for one that is resampled categorical = true"
        )
    return codes, valid


class _Reader(Protocol):
    """A file on the scene's grid."""

    def read_parts(self, window: Window) -> Parts:
        """Pixels of a window of the scene's grid."""

    def close(self) -> None:
        """Let go of the file."""


class _Copy:
    """A file whose pixels are the scene's, moved by whole pixels."""

    def __init__(self, source: FileSource, offset: tuple[int, int]) -> None:
        self._source = source
        self._offset = offset

    def read_parts(self, window: Window) -> Parts:
        return self._source.read_parts(window.shifted(-self._offset[0], -self._offset[1]))

    def close(self) -> None:
        self._source.close()


class LayerSource:
    """An `ImageSource` of one or many files on the scene's grid."""

    def __init__(self, plan: LayerPlan) -> None:
        """Keep the plan; no file is opened yet."""
        self.plan = plan
        self.grid = plan.grid
        self.profile = plan.profile
        names = plan.profile.colorinterp
        self._alpha_bands = [i for i, name in enumerate(names) if name == "alpha"]
        self._readers: OrderedDict[Placement, _Reader] = OrderedDict()

    def read(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Pixels (bands, height, width) and where they are valid (height, width).

        Raises:
            InputError: a file can't be read there.
        """
        read = self._read_stack if self.plan.spec.combine == "stack" else self._read_mosaic
        inner = window.intersection(self.grid.window)
        if inner == window and not window.is_empty():
            return read(window)
        pixels, valid = self._blank(window)
        if not inner.is_empty():
            rows, columns = inner.slices_in(window)
            pixels[:, rows, columns], valid[rows, columns] = read(inner)
        return pixels, valid

    def close(self) -> None:
        """Let go of the files."""
        while self._readers:
            self._readers.popitem()[1].close()

    def _read_mosaic(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        areas = [(p, p.extent.intersection(window)) for p in self.plan.placements]
        areas = [(p, area) for p, area in areas if not area.is_empty()]
        if len(areas) == 1 and areas[0][1] == window and areas[0][0].method == "copy":
            parts = self._reader(areas[0][0]).read_parts(window)
            return parts.pixels, apply_rule(parts, self.plan.spec.nodata_rule, self._alpha_bands)
        pixels, valid = self._blank(window)
        held = np.zeros_like(valid)
        for placement, area in areas:
            here = area.slices_in(window)
            if valid[here].all():
                continue
            parts = self._reader(placement).read_parts(area)
            good = apply_rule(parts, self.plan.spec.nodata_rule, self._alpha_bands)
            covered = parts.inside if placement.method == "warp" else True
            # Where no file is valid, the first one's own pixel stays: copies are untouched.
            take = np.where(good, ~valid[here], covered & ~held[here])
            np.copyto(pixels[:, *here], parts.pixels, where=take)
            held[here] |= take
            valid[here] |= good
        return pixels, valid

    def _read_stack(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        pixels, _ = self._blank(window)
        inside = np.ones((window.height, window.width), dtype=np.bool_)
        data = np.ones(pixels.shape, dtype=np.bool_)
        for placement in self.plan.placements:
            area = placement.extent.intersection(window)
            mine = np.zeros_like(inside)
            if not area.is_empty():
                parts = self._reader(placement).read_parts(area)
                rows, columns = here = area.slices_in(window)
                covered = parts.inside if placement.method == "warp" else True
                for number, band in enumerate(placement.layer_bands):
                    np.copyto(pixels[band][here], parts.pixels[number], where=covered)
                    if parts.data is not None:
                        data[band, rows, columns] = parts.data[number]
                mine[here] = parts.inside
            inside &= mine
        parts = Parts(pixels, inside, data)
        return pixels, apply_rule(parts, self.plan.spec.nodata_rule, self._alpha_bands)

    def _blank(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        shape = (max(window.height, 0), max(window.width, 0))
        pixels = np.full((self.profile.count, *shape), self.profile.fill, self.profile.dtype)
        return pixels, np.zeros(shape, dtype=np.bool_)

    def _reader(self, placement: Placement) -> _Reader:
        if placement in self._readers:
            self._readers.move_to_end(placement)
            return self._readers[placement]
        source = FileSource(placement.path, bands=placement.bands, nodata=placement.nodata)
        reader: _Reader = _Copy(source, placement.offset)
        if placement.operation is not None:
            reader = WarpedFile(source, self.grid, placement.operation, placement.resampling)
        self._readers[placement] = reader
        while len(self._readers) > OPEN_FILES:
            self._readers.popitem(last=False)[1].close()
        return reader


_Chosen = list[tuple[FileInfo, tuple[int, ...], tuple[int, ...]]]
"""Of each file that is used: its bands from 1, and the layer's bands from 0 that they become."""


def _inspect(spec: LayerSpec) -> list[FileInfo]:
    name = f"layer '{spec.name}'" if spec.name else "the image"
    if not spec.files:
        raise InputError(f"{name} names no file; give at least one")
    if spec.combine == "single" and len(spec.files) > 1:
        raise InputError(
            f"{name} names {len(spec.files)} files, one was expected; combine them as a mosaic "
            "or a stack"
        )
    return [inspect_file(path) for path in spec.files]


def _check_nodata(spec: LayerSpec, infos: Sequence[FileInfo]) -> None:
    for info in infos:
        if spec.nodata is not None and not fits(spec.nodata, info.profile.dtype):
            raise InputError(
                f"{info.path}: nodata = {spec.nodata:g} was given, but its pixels are "
                f"{info.profile.dtype}, which can't hold that value; correct or remove nodata"
            )


def _shared_profile(
    spec: LayerSpec, infos: list[FileInfo], notes: list[str]
) -> tuple[ImageProfile, _Chosen]:
    """The profile of one file, or of a mosaic whose files must agree."""
    first = infos[0]
    for info in infos[1:]:
        ours, theirs = (f"{i.profile.count} band(s) of {i.profile.dtype}" for i in (info, first))
        if ours != theirs:
            raise InputError(
                f"{info.path}: has {ours}, but the mosaic's first image {first.path} has "
                f"{theirs}; a mosaic needs the same bands and data type in all files"
            )
        if _meaning(info) != _meaning(first):
            notes.append(
                f"{info.name} differs from {first.name} in scale, offset or palette; the "
                "first file's are kept"
            )
    indexes = _chosen_bands(spec, first.profile.descriptions)
    nodata = _layer_nodata(spec, [(info, i) for info in infos for i in indexes], notes)
    bands, layer_bands = tuple(i + 1 for i in indexes), tuple(range(len(indexes)))
    chosen = [(info, bands, layer_bands) for info in infos]
    return select_bands(first.profile, indexes, nodata), chosen


def _stack_profile(
    spec: LayerSpec, infos: list[FileInfo], notes: list[str]
) -> tuple[ImageProfile, _Chosen]:
    """The profile of files on top of each other; dtypes are promoted when nothing is lost."""
    all_bands = [(info, i) for info in infos for i in range(info.profile.count)]
    names = [_band_name(info, i) for info, i in all_bands]
    indexes = _chosen_bands(spec, names)
    used = [all_bands[index] for index in indexes]
    profile = ImageProfile(
        dtype=_stack_dtype([info for info, _ in used], notes),
        count=len(used),
        nodata=_layer_nodata(spec, used, notes),
        descriptions=tuple(names[index] for index in indexes),
        colorinterp=tuple(info.profile.colorinterp[i] for info, i in used),
        scales=tuple(info.profile.scales[i] for info, i in used),
        offsets=tuple(info.profile.offsets[i] for info, i in used),
        units=tuple(info.profile.units[i] for info, i in used),
        colormap=used[0][0].profile.colormap if len(used) == 1 else None,
    )
    chosen = []
    for info in infos:
        mine = [(i + 1, band) for band, (other, i) in enumerate(used) if other is info]
        if mine:
            bands, layer_bands = zip(*mine, strict=True)
            chosen.append((info, bands, layer_bands))
    return profile, chosen


def _band_name(info: FileInfo, index: int) -> str:
    stem = Path(info.path).stem
    numbered = stem if info.profile.count == 1 else f"{stem}_{index + 1}"
    return info.profile.descriptions[index] or numbered


def _chosen_bands(spec: LayerSpec, names: Sequence[str | None]) -> list[int]:
    """Indexes from 0 of the wanted bands."""
    if spec.bands is None:
        return list(range(len(names)))
    if not spec.bands:
        raise InputError(f"{spec.files[0]}: bands = [] chooses none; name one, or leave it out")
    return [_band_index(spec, names, band) for band in spec.bands]


def _band_index(spec: LayerSpec, names: Sequence[str | None], band: int | str) -> int:
    known = [name for name in names if name]
    if isinstance(band, int) and 1 <= band <= len(names):
        return band - 1
    if isinstance(band, str) and known.count(band) == 1:
        return names.index(band)
    listed = f", named {some(known)}" if known else "; none of them has a name"
    if isinstance(band, str) and band in known:
        raise InputError(
            f"{spec.files[0]}: {known.count(band)} bands are called '{band}'; choose by number"
        )
    wanted = f"{band}" if isinstance(band, int) else f"'{band}'"
    hint = nearest(band, known) if isinstance(band, str) else ""
    raise InputError(
        f"{spec.files[0]}: there is no band {wanted}{hint}; the bands are numbered 1 to "
        f"{len(names)}{listed}"
    )


def _stack_dtype(infos: Sequence[FileInfo], notes: list[str]) -> str:
    dtypes = {info.profile.dtype: info.name for info in reversed(infos)}
    if len(dtypes) == 1:
        return infos[0].profile.dtype
    common = np.result_type(*dtypes)
    listed = some(f"{name}: {dtype}" for dtype, name in reversed(dtypes.items()))
    if not all(_holds(common, np.dtype(dtype)) for dtype in dtypes):
        raise InputError(
            f"the files of a stack have different data types ({listed}), and no type holds the "
            "values of all; convert them to one type, or make them separate layers"
        )
    notes.append(f"the stack's data types ({listed}) became {common}; no value changed")
    return str(common)


def _holds(wide: np.dtype[np.generic], narrow: np.dtype[np.generic]) -> bool:
    """Whether every value of `narrow` is one of `wide`; numpy calls int64 to float64 safe."""
    if narrow.kind in "iu" and wide.kind in "fc":
        digits = np.finfo(wide.name).nmant + 1
        return narrow.itemsize * 8 - (narrow.kind == "i") <= digits
    return bool(np.can_cast(narrow, wide, "safe"))


def _layer_nodata(
    spec: LayerSpec, used: Sequence[tuple[FileInfo, int]], notes: list[str]
) -> float | None:
    """The layer's one nodata value; None, with a note, when its bands have several."""
    if spec.nodata is not None:
        return as_sample(spec.nodata, used[0][0].profile.dtype)
    values = [info.band_nodata[i] for info, i in used if i + 1 != info.alpha]
    common = common_value(values)
    if common is None and len(spec.files) > 1 and any(value is not None for value in values):
        texts = {"none" if value is None else f"{value:g}" for value in values}
        notes.append(
            f"the files declare different nodata values ({some(sorted(texts))}); each file's own "
            "decides where it is valid, and the layer declares none"
        )
    return common


def _meaning(info: FileInfo) -> tuple[object, ...]:
    return info.profile.scales, info.profile.offsets, info.profile.colormap


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
