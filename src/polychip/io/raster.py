"""One raster file on its own grid: what it is, and its pixels untouched.

Nothing outside `polychip.io` opens imagery. Windows are read with plain `rasterio` reads and
padded here; GDAL's boundless reads are never used.
"""

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from polychip.addresses import file_name, is_read
from polychip.errors import InputError, some
from polychip.grid import Grid, Window
from polychip.image import ImageProfile, NodataRule
from polychip.io.no_network import NO_NETWORK
from polychip.io.validity import (
    Parts,
    apply_rule,
    as_sample,
    common_value,
    fits,
    samples_with_data,
    select_bands,
)

if TYPE_CHECKING:
    from polychip.io.remote import RemoteFile

CACHE_BYTES = 128 * 2**20
"""GDAL's block cache per process; through rasterio.Env the option counts bytes, not MB."""
_SMALL_CACHE_BYTES = 16 * 2**20
_LARGE_PX = 2**20
"""What is read in windows of so many pixels is not asked for again soon."""

GDAL_OPTIONS: Final[dict[str, Any]] = {
    "GDAL_PAM_ENABLED": "NO",  # no .aux.xml is written, and none is believed
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",  # asks for side files by name: .msk needs that
    "GDAL_CACHEMAX": CACHE_BYTES,
    **NO_NETWORK,
}

# GDAL's own PROJ only listens to the environment, and only when a thread first uses it.
os.environ["PROJ_NETWORK"] = "OFF"

MaskKind = Literal["none", "dataset", "bands"]

_NUMPY_NAMES = {"complex_int16": "complex64", "complex_int32": "complex128"}
_DRIVER_PREFIX = re.compile(r"^(/vsi|[A-Za-z][A-Za-z0-9_+]+:)")


@contextmanager
def gdal_env(cache_bytes: int = CACHE_BYTES) -> Iterator[None]:
    """GDAL as Polychip uses it: no side files, no network, a bounded block cache.

    Entered for each call (40 µs) rather than for a source's life: rasterio's environments are
    a stack per thread, and sources aren't closed in the order in which they were opened.
    """
    with rasterio.Env(**GDAL_OPTIONS | {"GDAL_CACHEMAX": cache_bytes}):
        yield


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a raster file says about itself; tuples have an entry a band."""

    path: str
    grid: Grid
    profile: ImageProfile
    """All bands; `nodata` is the one value that all bands but alpha declare, else None."""
    band_nodata: tuple[float | None, ...]
    """What each band declares, left out where its dtype can't hold the value."""
    block_shape: tuple[int, int]
    """(height, width) of the internal tiles or strips in pixels."""
    alpha: int | None
    """Number of the alpha band, from 1."""
    mask: MaskKind
    """A mask of the whole dataset (internal or .msk), one of each band, or none."""
    notes: tuple[str, ...]
    """What a person should know, such as a nodata value that can't occur."""

    @property
    def name(self) -> str:
        """File name without folders, for notes."""
        return file_name(self.path)


def inspect_file(path: str) -> FileInfo:
    """Read a raster's header.

    Raises:
        InputError: it isn't there, isn't a raster, holds only subdatasets or no band, has no
            CRS or geotransform (or only ground control points or RPCs), or mixes dtypes.
    """
    with open_raster(path) as dataset:
        return _inspect(path, dataset)


@contextmanager
def open_raster(path: str) -> Iterator[DatasetReader]:
    """A raster as GDAL opens it, in GDAL's environment; a file on a server is read there.

    Raises:
        InputError: it isn't there or isn't a raster, or a server failed meanwhile.
        RasterioError: what is done with it fails.
    """
    with gdal_env():
        dataset, remote = _open(path)
        with dataset as opened:
            try:
                yield opened
            finally:
                if remote is not None:
                    remote.check()


class FileSource:
    """An `ImageSource` of one file on its own grid; no pixel is resampled.

    Args:
        file: its path, or what `inspect_file` said about it (the header is read again).
        bands: numbers from 1 in the wanted order; None: all.
        nodata: a value that overrules what the bands declare.
        rule: when a pixel is nodata.

    Raises:
        InputError: see `inspect_file`; a band that isn't there; a nodata value that the dtype
            can't hold.
    """

    def __init__(
        self,
        file: str | FileInfo,
        *,
        bands: Sequence[int] | None = None,
        nodata: float | None = None,
        rule: NodataRule = "all",
    ) -> None:
        """Open the file."""
        path = file.path if isinstance(file, FileInfo) else file
        with gdal_env():
            self._dataset, self._remote = _open(path)
            try:
                self.info = _inspect(path, self._dataset)
                self._bands = _checked_bands(self.info, bands)
                self._nodata = _band_nodata(self.info, self._bands, nodata)
            except InputError:
                self._dataset.close()
                raise
        alpha = self.info.alpha
        self._alpha_bands = [i for i, band in enumerate(self._bands) if band == alpha]
        self._rule: NodataRule = rule
        self.grid = self.info.grid
        declared = [v for i, v in enumerate(self._nodata) if i not in self._alpha_bands]
        indexes = [band - 1 for band in self._bands]
        self.profile = select_bands(self.info.profile, indexes, common_value(declared))

    @property
    def band_nodata(self) -> tuple[float | None, ...]:
        """The nodata value of each band that is read."""
        return self._nodata

    def read(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Pixels (bands, height, width) and where they are valid (height, width).

        Raises:
            InputError: the file can't be read there.
        """
        parts = self.read_parts(window)
        return parts.pixels, apply_rule(parts, self._rule, self._alpha_bands)

    def read_parts(self, window: Window) -> Parts:
        """Pixels with their validity sample by sample; the window may reach beyond the file.

        Raises:
            InputError: the file can't be read there.
        """
        inner = window.intersection(self.grid.window)
        if inner == window and not window.is_empty():
            return self._read_inner(window)
        shape = (window.height, window.width)
        pixels = np.full((len(self._bands), *shape), self.profile.fill, dtype=self.profile.dtype)
        inside = np.zeros(shape, dtype=np.bool_)
        if inner.is_empty():
            return Parts(pixels, inside, None)
        parts = self._read_inner(inner)
        rows, columns = inner.slices_in(window)
        pixels[:, rows, columns] = parts.pixels
        inside[rows, columns] = parts.inside
        if parts.data is None:
            return Parts(pixels, inside, None)
        data = np.zeros(pixels.shape, dtype=np.bool_)
        data[:, rows, columns] = parts.data
        return Parts(pixels, inside, data)

    def close(self) -> None:
        """Let go of the file."""
        self._dataset.close()

    def __enter__(self) -> Self:
        """The source itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.close()

    def _read_inner(self, window: Window) -> Parts:
        frame = RasterioWindow(window.x_off, window.y_off, window.width, window.height)
        numbers = list(self._bands)
        alpha = self.info.alpha
        extra = alpha is not None and alpha not in numbers
        try:
            with gdal_env(self._cache_bytes(window)):
                pixels = self._dataset.read([*numbers, alpha] if extra else numbers, window=frame)
                masks = None
                if self.info.mask == "dataset":
                    masks = self._dataset.read_masks(1, window=frame) != 0
                elif self.info.mask == "bands":
                    masks = self._dataset.read_masks(numbers, window=frame) != 0
            self._check_server()
        except RasterioError as error:
            self._check_server()
            raise InputError(
                f"{self.info.path}: the pixels of columns {window.x_off} to {window.x_end - 1}, "
                f"rows {window.y_off} to {window.y_end - 1} can't be read ({gdal_reason(error)}); "
                "the file is damaged or incomplete there: copy or download it again"
            ) from error
        inside = np.ones((window.height, window.width), dtype=np.bool_)
        if alpha is not None:
            inside &= pixels[-1 if extra else numbers.index(alpha)] != 0
        if extra:
            pixels = pixels[:-1]
        data = samples_with_data(pixels, self._nodata)
        if masks is not None and masks.ndim == 2:
            inside &= masks
        elif masks is not None:
            data = masks if data is None else data & masks
        return Parts(pixels, inside, data)

    def _cache_bytes(self, window: Window) -> int:
        """GDAL's cache for a window: as large as what the window touches, and no larger.

        A small one stays in the processor's own. The strips of a window are held in their whole
        width, so that the next window finds them decoded.
        """
        if window.width * window.height < _LARGE_PX:
            return CACHE_BYTES
        height, width = self.info.block_shape
        rows = (window.y_end - 1) // height - window.y_off // height + 1
        columns = (window.x_end - 1) // width - window.x_off // width + 1
        profile = self.info.profile
        pixel = profile.count * np.dtype(profile.dtype).itemsize
        return min(max(rows * height * columns * width * pixel, _SMALL_CACHE_BYTES), CACHE_BYTES)

    def _check_server(self) -> None:
        """Raise InputError where a server failed: GDAL may have taken that for no data."""
        if self._remote is not None:
            self._remote.check()


def gdal_reason(error: BaseException) -> str:
    """What GDAL said first, in one line: rasterio keeps it as the cause of its own error."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())


def _open(path: str) -> "tuple[DatasetReader, RemoteFile | None]":
    try:
        with warnings.catch_warnings():  # a missing geotransform is told by _inspect
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            if is_read(path):
                from polychip.io.remote import open_remote

                return open_remote(path)
            return rasterio.open(path), None
    except RasterioError as error:
        plain = _DRIVER_PREFIX.match(path) is None
        if plain and not Path(path).exists():
            message = f"{path}: there is no such file; check the path"
        elif plain and Path(path).is_dir():
            message = f"{path}: a folder, not an image that GDAL can open; name the files in it"
        else:
            message = (
                f"{path}: not a raster that can be read ({gdal_reason(error)}); give an image "
                "such as a GeoTIFF, or copy the file again if it is one"
            )
        raise InputError(message) from error


def _inspect(path: str, dataset: DatasetReader) -> FileInfo:
    _check_bands(path, dataset)
    _check_georeference(path, dataset)
    profile = _profile(dataset)
    alpha = next((i for i, name in enumerate(profile.colorinterp, 1) if name == "alpha"), None)
    nodata: list[float | None] = []
    notes = []
    for band, value in enumerate(dataset.nodatavals, 1):
        usable = value is not None and fits(value, profile.dtype)
        nodata.append(as_sample(value, profile.dtype) if usable else None)
        if value is not None and not usable:
            notes.append(
                f"{file_name(path)}: band {band} declares nodata {value:g}, which "
                f"{profile.dtype} can't hold; it was left out"
            )
    seen = [value for band, value in enumerate(nodata, 1) if band != alpha]
    profile = select_bands(profile, range(profile.count), common_value(seen))
    if profile.nodata is None and any(value is not None for value in seen):
        listed = some("none" if v is None else f"{v:g}" for v in seen)
        notes.append(f"{file_name(path)}: the bands declare different nodata values ({listed})")
    return FileInfo(
        path=path,
        grid=_grid(path, dataset),
        profile=profile,
        band_nodata=tuple(nodata),
        block_shape=tuple(dataset.block_shapes[0]),
        alpha=alpha,
        mask=_mask_kind(dataset),
        notes=tuple(notes),
    )


def _grid(path: str, dataset: DatasetReader) -> Grid:
    try:
        place = Affine(*tuple(dataset.transform)[:6])
        return Grid(dataset.crs.to_wkt(), place, dataset.height, dataset.width)
    except (ValueError, RasterioError) as error:
        raise InputError(
            f"{path}: its place on Earth can't be used ({error}); correct it, for example with "
            "gdal_edit, or copy the file again if it is damaged"
        ) from error


def _check_bands(path: str, dataset: DatasetReader) -> None:
    if dataset.count == 0 and dataset.subdatasets:
        raise InputError(
            f"{path}: holds {len(dataset.subdatasets)} subdatasets and no bands of its own; name "
            f"one of them instead of the file: {some(dataset.subdatasets)}"
        )
    if dataset.count == 0:
        raise InputError(f"{path}: has no bands; give an image that holds pixels")
    dtypes = dataset.dtypes
    if len(set(dtypes)) > 1:
        listed = some(f"{i}: {name}" for i, name in enumerate(dtypes, 1))
        raise InputError(
            f"{path}: its bands have different data types ({listed}), one was expected; write "
            "them as files of one type, or name the bands as a stack of files"
        )


def _check_georeference(path: str, dataset: DatasetReader) -> None:
    if dataset.crs and not dataset.transform.is_identity:
        return
    points, _ = dataset.gcps
    if points:
        what = f"georeferenced by {len(points)} ground control points only"
        cure = "warp it to a grid first, for example with gdalwarp -tps"
    elif dataset.rpcs is not None:
        what = "georeferenced by RPCs only"
        cure = "orthorectify it first, for example with gdalwarp -rpc"
    elif dataset.crs:
        what = "has a CRS but no geotransform, so the place of its pixels is unknown"
        cure = "give it one, for example with gdal_edit -a_ullr, or add its world file"
    else:
        what = "has no coordinate reference system"
        cure = "assign the right one, for example with gdal_edit -a_srs EPSG:32630"
    side_file = f"{path}.aux.xml"
    if Path(side_file).exists():
        cure += f" ({Path(side_file).name} isn't read; gdal_translate writes it into a GeoTIFF)"
    raise InputError(f"{path}: {what}; a grid in a known CRS was expected: {cure}")


def _profile(dataset: DatasetReader) -> ImageProfile:
    names = tuple(item.name.lower() for item in dataset.colorinterp)
    colormap = None
    if dataset.count == 1 and dataset.colorinterp[0] == ColorInterp.palette:
        table = dataset.colormap(1)
        colormap = tuple(tuple(table[i]) for i in range(len(table)))
    return ImageProfile(
        dtype=_NUMPY_NAMES.get(dataset.dtypes[0], dataset.dtypes[0]),
        count=dataset.count,
        nodata=None,
        descriptions=tuple(text or None for text in dataset.descriptions),
        colorinterp=names,
        scales=tuple(map(float, dataset.scales)),
        offsets=tuple(map(float, dataset.offsets)),
        units=tuple(text or None for text in dataset.units),
        colormap=colormap,
    )


def _mask_kind(dataset: DatasetReader) -> MaskKind:
    flags = dataset.mask_flag_enums
    if any(MaskFlags.per_dataset in f and MaskFlags.alpha not in f for f in flags):
        return "dataset"
    return "bands" if any(not f for f in flags) else "none"


def _checked_bands(info: FileInfo, bands: Sequence[int] | None) -> tuple[int, ...]:
    count = info.profile.count
    chosen = tuple(range(1, count + 1)) if bands is None else tuple(bands)
    wrong = [band for band in chosen if not 1 <= band <= count]
    if wrong or not chosen:
        raise InputError(
            f"{info.path}: has no band {some(wrong) or '(none was chosen)'}; its bands are "
            f"numbered 1 to {count}"
        )
    return chosen


def _band_nodata(
    info: FileInfo, bands: Sequence[int], nodata: float | None
) -> tuple[float | None, ...]:
    if nodata is None:
        return tuple(info.band_nodata[band - 1] for band in bands)
    if not fits(nodata, info.profile.dtype):
        raise InputError(
            f"{info.path}: nodata = {nodata:g} was given, but its pixels are {info.profile.dtype}, "
            "which can't hold that value; correct or remove nodata"
        )
    value = as_sample(nodata, info.profile.dtype)
    return tuple(None if band == info.alpha else value for band in bands)
