"""Source pixels read again with plain rasterio, and image chips compared with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from polychip.crs import same_crs
from polychip.errors import PolychipError
from polychip.grid import Grid, Window
from polychip.io.raster import open_raster
from polychip.io.sources import open_layer
from polychip.quality.pixels import ChipFile
from polychip.quality.rows import ChipRow
from polychip.quality.verdict import Findings
from polychip.recipe import Recipe, Scene
from polychip.scenes.imagery import open_imagery

_WHOLE_PX = 1e-3
"""An image lies on a grid when its corner meets a pixel's within this."""
Mask = NDArray[np.bool_]
Numbers = list[int | str] | None


class WarpedError(Exception):
    """A layer was resampled, so its pixels aren't the source's."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a layer on the scene's grid."""

    path: str
    bands: tuple[int, ...]
    """Numbers from 1."""
    offset: tuple[int, int]
    """(column, row) of its first pixel on the grid."""


@dataclass(frozen=True, slots=True)
class PlainLayer:
    """A layer whose files lie on the scene's grid, or are snapped to it by whole pixels."""

    parts: tuple[Part, ...]
    stacked: bool
    """Whether the files' bands lie on top of each other; else the first valid pixel counts."""
    nodata: float | None
    """Overrules what the files declare."""
    any_band: bool
    """Whether one band without data spoils the pixel."""

    def read(
        self, grid: Grid, window: Window, blank: NDArray[np.generic]
    ) -> tuple[NDArray[np.generic], Mask]:
        """Pixels and where they are valid.

        Args:
            grid: the scene's.
            window: on it; may reach beyond.
            blank: (bands, height, width) of what is outside all files.

        Raises:
            RasterioError: a file can't be read.
        """
        reads = [_read_part(part, grid, window, self.nodata) for part in self.parts]
        if self.stacked:
            pixels = np.concatenate([read.place(blank[: read.count]) for read in reads])
            inside = np.logical_and.reduce([read.spread(read.inside) for read in reads])
            data = np.concatenate([read.spread(read.data) for read in reads])
            alpha = [value for read in reads for value in read.alpha]
            return pixels.astype(blank.dtype), inside & self._enough(data, alpha)
        pixels, valid = blank.copy(), np.zeros(blank.shape[1:], dtype=np.bool_)
        held = np.zeros_like(valid)
        for read in reads:
            good = read.spread(read.inside) & self._enough(read.spread(read.data), read.alpha)
            here = read.covered & np.where(good, ~valid, ~held)
            pixels = np.where(here, read.place(blank), pixels)
            held |= here
            valid |= good
        return pixels, valid

    def _enough(self, data: Mask, alpha: list[bool]) -> Mask:
        rows = data[~np.array(alpha, dtype=np.bool_)]
        if not len(rows):
            return np.ones(data.shape[1:], dtype=np.bool_)
        return np.asarray(rows.all(axis=0) if self.any_band else rows.any(axis=0))


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of one file inside a window."""

    shape: tuple[int, int]
    where: tuple[slice, slice]
    pixels: NDArray[np.generic]
    inside: Mask
    data: Mask
    alpha: list[bool]

    @property
    def count(self) -> int:
        return len(self.pixels)

    @property
    def covered(self) -> Mask:
        return self.spread(np.ones(self.pixels.shape[1:], dtype=np.bool_))

    def place(self, blank: NDArray[np.generic]) -> NDArray[np.generic]:
        """The pixels in their place on a blank window."""
        out = blank.astype(np.result_type(blank.dtype, self.pixels.dtype))
        out[:, *self.where] = self.pixels
        return out

    def spread(self, mask: Mask) -> Mask:
        """A mask in its place, False elsewhere."""
        out = np.zeros((*mask.shape[:-2], *self.shape), dtype=np.bool_)
        out[..., *self.where] = mask
        return out


def _read_part(part: Part, grid: Grid, window: Window, nodata: float | None) -> _Read:
    with open_raster(part.path) as file:
        extent = Window(*part.offset, file.width, file.height)
        inner = extent.intersection(window).intersection(grid.window)
        if inner.is_empty():
            inner = Window(window.x_off, window.y_off, 0, 0)
        frame = RasterWindow(
            inner.x_off - part.offset[0], inner.y_off - part.offset[1], inner.width, inner.height
        )
        empty = np.zeros((len(part.bands), inner.height, inner.width), dtype=file.dtypes[0])
        pixels = empty if inner.is_empty() else file.read(list(part.bands), window=frame)
        inside = np.ones(pixels.shape[1:], dtype=np.bool_)
        alphas = [i for i, c in enumerate(file.colorinterp, 1) if c == ColorInterp.alpha]
        if not inner.is_empty():
            if alphas:
                inside &= file.read(alphas[0], window=frame) != 0
            if MaskFlags.per_dataset in file.mask_flag_enums[0] and not alphas:
                inside &= file.read_masks(1, window=frame) != 0
        declared = [file.nodatavals[band - 1] if nodata is None else nodata for band in part.bands]
    alpha = [band in alphas for band in part.bands]
    data = np.stack(
        [_has_data(p, None if a else v) for p, v, a in zip(pixels, declared, alpha, strict=True)]
    )
    return _Read(
        (window.height, window.width), inner.slices_in(window), pixels, inside, data, alpha
    )


def _has_data(pixels: NDArray[np.generic], nodata: float | None) -> Mask:
    data = np.ones(pixels.shape, dtype=np.bool_)
    if pixels.dtype.kind in "fc":
        data &= ~np.isnan(pixels)
    if nodata is not None and not np.isnan(nodata):
        if pixels.dtype.kind == "f":
            nodata = float(pixels.dtype.type(nodata))
        data &= pixels != nodata
    return data


def plain_layers(scene: Scene, grid: Grid) -> dict[str, PlainLayer]:
    """The scene's layers by folder name, read without any resampling.

    Raises:
        WarpedError: a layer isn't on the grid.
        RasterioError: a file can't be read.
    """
    if scene.image:
        combine = "mosaic" if len(scene.image) > 1 else "single"
        return {"": _plain(scene, grid, scene.image, combine, scene.bands, scene.nodata)}
    return {
        name: _plain(
            scene,
            grid,
            layer.files,
            layer.combine if len(layer.files) > 1 else "single",
            layer.bands,
            scene.nodata if layer.nodata is None else layer.nodata,
        )
        for name, layer in (scene.layers or {}).items()
    }


def _plain(
    scene: Scene, grid: Grid, files: list[str], combine: str, bands: Numbers, nodata: float | None
) -> PlainLayer:
    parts = []
    for number, path in enumerate(files):
        with open_raster(path) as file:
            own = Grid(file.crs.to_wkt(), file.transform, file.height, file.width)
            names = list(file.descriptions)
        offset = own_offset(grid, own, path, snap=combine == "mosaic" and number > 0)
        if combine == "stack" and bands is not None:
            raise WarpedError("chosen bands of a stack are not followed up")
        parts.append(Part(path, _band_numbers(bands, names), offset))
    return PlainLayer(tuple(parts), combine == "stack", nodata, scene.nodata_rule == "any")


def own_offset(grid: Grid, own: Grid, path: str, *, snap: bool = False) -> tuple[int, int]:
    """(column, row) of a file's first pixel on a grid.

    Raises:
        WarpedError: its pixels aren't the grid's.
    """
    offset = grid.offset_to(own) if same_crs(own.crs_wkt, grid.crs_wkt) else None
    if offset is not None:
        x, y = (int(np.floor(value + 0.5)) for value in offset)
        if snap or max(abs(x - offset[0]), abs(y - offset[1])) <= _WHOLE_PX:
            return x, y
    raise WarpedError(f"{path} was resampled to the scene's grid")


def _band_numbers(bands: Numbers, names: list[str | None]) -> tuple[int, ...]:
    if bands is None:
        return tuple(range(1, len(names) + 1))
    return tuple(band if isinstance(band, int) else names.index(band) + 1 for band in bands)


class SourcePixels:
    """A scene's source pixels: independently where they are plain, else by the engine's warp."""

    def __init__(self, recipe: Recipe, scene: Scene, grid: Grid, entry: Mapping[str, Any]) -> None:
        """Look at the files.

        Raises:
            RasterioError: a file can't be read.
            PolychipError: the engine can't read it either.
        """
        self._grid, self._layers_told = grid, entry["layers"]
        self.warped: str | None = None
        """Why pixels can't be compared; None when they can."""
        try:
            self._plain = plain_layers(scene, grid)
        except WarpedError as error:
            self.warped = str(error)
            imagery = open_imagery(scene, recipe.grid)
            self._engine = [open_layer(plan) for _, plan in imagery.layers]

    def valid(self, window: Window) -> Mask:
        """Where all layers have data, shape (height, width)."""
        if self.warped is not None:
            masks = [source.read(window)[1] for source in self._engine]
        else:
            masks = [self.read(name, window)[1] for name in self._plain]
        return np.asarray(np.logical_and.reduce(masks))

    def read(self, layer: str, window: Window) -> tuple[NDArray[np.generic], Mask]:
        """A plain layer's pixels (bands, height, width) and where they are valid."""
        told, nodata = self._layers_told[layer or "image"], self.nodata(layer)
        shape = (len(told["bands"]), window.height, window.width)
        blank = np.full(shape, 0 if nodata is None else nodata, dtype=told["dtype"])
        return self._plain[layer].read(self._grid, window, blank)

    def nodata(self, layer: str) -> float | None:
        """The value that the manifest gives for samples without data."""
        told = self._layers_told[layer or "image"]["nodata"]
        return None if told is None else float(told)


def compare_images(
    found: Findings, row: ChipRow, files: Mapping[str, ChipFile], source: SourcePixels
) -> None:
    """A chip's images against the source's pixels, and its statistics against both."""
    if source.warped is not None:
        found.skip(source.warped)
        return
    try:
        valid = source.valid(row.window)
        for layer in row.layers:
            kind = f"image_{layer}" if layer else "image"
            pixels, mine = source.read(layer, row.window)
            copy = files[kind].pixels if kind in files else pixels  # or the dataset holds none
            if pixels.shape != copy.shape or pixels.tobytes() != copy.tobytes():
                found.wrong(f"{row.files[kind]} differs from the source's pixels")
            _compare_sums(found, row, layer, pixels, mine, source.nodata(layer))
    except (RasterioError, PolychipError) as error:
        found.skip(f"a source can't be read ({error})")
        return
    inside = source._grid.window.intersection(row.window)  # noqa: SLF001 - the same module
    fraction = np.count_nonzero(valid) / max(inside.width * inside.height, 1)
    if fraction != row.values["valid_fraction"]:
        found.wrong(
            f"{row}: valid_fraction is {row.values['valid_fraction']}, the source gives {fraction}"
        )
    found.n_checked += 1


def _compare_sums(
    found: Findings,
    row: ChipRow,
    layer: str,
    pixels: NDArray[np.generic],
    valid: Mask,
    nodata: float | None,
) -> None:
    told = row.band_sums(layer)
    counts, sums = [], []
    for band in pixels[:, valid]:
        data = band[~np.isnan(band)]
        if nodata is not None:
            data = data[data != np.asarray(nodata).astype(data.dtype)]
        counts.append(len(data))
        numbers = np.abs(data) if np.iscomplexobj(data) else data
        sums.append(float(np.sum(numbers, dtype=np.float64)))
    if not np.isfinite(told["sum"]).all():
        found.wrong(f"{row}: the band sums in the index are {told['sum']}, which are no numbers")
    elif list(told["n_valid"]) != counts or not np.allclose(
        told["sum"], sums, rtol=1e-6, atol=1e-6
    ):
        found.wrong(f"{row}: the band sums in the index are not those of its valid pixels")
