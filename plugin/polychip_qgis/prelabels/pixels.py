# SPDX-License-Identifier: GPL-2.0-or-later
"""Pixels of images on one lattice, by QGIS's own GDAL: the bands that a formula reads.

Safe on any thread: an image is opened where it is read, and nothing is written beside it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from osgeo import gdal
from qgis.core import QgsRasterLayer

from ..chips import PixelGrid
from ..raster_grid import grid_of, image_of
from ..translation import tr
from .bands import band_names
from .formula import Band, Formula
from .threshold import Histogram, counted

STRIP_PX = 4_000_000


class PixelError(Exception):
    """The pixels cannot be read; the text says why."""


class Image(NamedTuple):
    """A raster file."""

    name: str
    path: str
    grid: PixelGrid
    crs_wkt: str
    bands: Mapping[str, int]
    """Number by name: b1, b2, …, and the roles that are known."""


class Window(NamedTuple):
    """Part of an image's lattice, each `step`-th pixel of it."""

    x_off: int
    y_off: int
    width: int
    """In pixels of the image."""
    height: int
    step: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of its arrays."""
        return -(-self.height // self.step), -(-self.width // self.step)


class Dates(NamedTuple):
    """The image that is drawn from, and the other date."""

    now: Image
    other: Image | None = None


def image_for(layer: QgsRasterLayer) -> Image:
    """What of a layer other threads may know.

    Raises:
        NoPixelGridError: it has no pixels of its own.
    """
    return Image(
        layer.name(), image_of(layer), grid_of(layer), layer.crs().toWkt(), band_names(layer)
    )


def whole(image: Image, step: int = 1) -> Window:
    """All of an image."""
    return Window(0, 0, image.grid.width, image.grid.height, step)


def around(image: Image, corners: Iterable[tuple[float, float]], margin: int) -> Window | None:
    """The pixels that corners in the image's CRS span, and `margin` more; None beyond the image."""
    places = [image.grid.to_pixel(x, y) for x, y in corners]
    columns, rows = zip(*places)
    # A corner that rounding has moved off its pixel edge must not pull in another pixel.
    left, top = (math.floor(min(part) + 1e-6) - margin for part in (columns, rows))
    right, low = (math.ceil(max(part) - 1e-6) + margin for part in (columns, rows))
    return clipped(image, left, top, right, low)


def clipped(
    image: Image, left: int, top: int, right: int, low: int, step: int = 1
) -> Window | None:
    """What of a range of pixels lies on the image, begun at a multiple of `step`."""
    left, top = max(0, left) // step * step, max(0, top) // step * step
    right, low = min(image.grid.width, right), min(image.grid.height, low)
    if right <= left or low <= top:
        return None
    return Window(left, top, right - left, low - top, step)


def strips(window: Window) -> Iterator[Window]:
    """The window in parts of whole rows that are small enough to reckon with; `step` is 1."""
    rows = max(1, STRIP_PX // max(1, window.width))
    for top in range(0, window.height, rows):
        height = min(rows, window.height - top)
        yield Window(window.x_off, window.y_off + top, window.width, height)


def values_of(dates: Dates, formula: Formula, window: Window) -> np.ndarray:
    """The formula's value of each pixel, float64, NaN where a band that it reads has no data.

    Raises:
        PixelError: a band is missing, or the file cannot be read.
    """
    wanted = formula.bands
    if any(band.other for band in wanted) and dates.other is None:
        raise PixelError(
            tr("The formula asks for the other date: load it and choose it under View.")
        )
    arrays: dict[Band, np.ndarray] = {}
    for other, image in ((False, dates.now), (True, dates.other)):
        numbers = {band: _number(image, band) for band in wanted if band.other is other}
        if not numbers:
            continue
        unlike = other and not same_lattice(dates.now, image)
        read = (
            _warped(dates.now, image, numbers, window) if unlike else _read(image, numbers, window)
        )
        arrays.update(read)
    values = formula.reckon(arrays)
    known = np.isfinite(values)
    for array in arrays.values():
        known &= np.isfinite(array)
    return np.where(known, values, np.nan)


def histogram_of(dates: Dates, formula: Formula) -> Histogram | None:
    """Of the formula's values in the whole image, part by part; None where they do not differ."""
    parts = list(strips(whole(dates.now)))
    low, high = math.inf, -math.inf
    for part in parts:
        values = values_of(dates, formula, part)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not low < high:
        return None
    counts = sum(counted(values_of(dates, formula, part), low, high) for part in parts)
    return Histogram(counts, low, high)


def swapped(dates: Dates, formula: Formula, window: Window) -> np.ndarray:
    """As `values_of`, for the other date: what the formula says of it, on the first one's lattice.

    Raises:
        PixelError: there is no other date, or the formula already speaks of both.
    """
    if any(band.other for band in formula.bands):
        raise PixelError(
            tr("The formula speaks of both dates already; untick “Not on the other date”.")
        )
    there = Formula(formula.text, _on_other(formula.root))
    return values_of(dates, there, window)


def same_lattice(one: Image, other: Image) -> bool:
    """Whether pixels lie upon each other."""
    return one.grid == other.grid and one.crs_wkt == other.crs_wkt


def _on_other(node: object) -> object:
    if isinstance(node, Band):
        return node._replace(other=True)
    if hasattr(node, "arguments"):
        return node._replace(arguments=tuple(_on_other(part) for part in node.arguments))
    return node


def _number(image: Image, band: Band) -> int:
    number = image.bands.get(band.name)
    if number is None:
        raise PixelError(
            tr("“{name}” has no band “{band}”; it has {names}.").format(
                name=image.name, band=band.name, names=", ".join(image.bands)
            )
        )
    return number


def open_path(path: str) -> gdal.Dataset:
    """The file, for reading.

    Raises:
        PixelError: it cannot be opened.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # GDAL's, of its error style
        try:
            dataset = gdal.OpenEx(path, gdal.OF_RASTER | gdal.OF_READONLY)
        except RuntimeError:
            dataset = None
    if dataset is None:
        raise PixelError(tr("{path} cannot be read.").format(path=path))
    return dataset


def read_bands(image: Image, numbers: Iterable[int], window: Window) -> dict[int, np.ndarray]:
    """Bands by number, float64, NaN where there is no data."""
    dataset = open_path(image.path)
    found = {}
    for number in numbers:
        band = dataset.GetRasterBand(number)
        values = _array(band, window, image.path).astype(np.float64)
        values[_array(band.GetMaskBand(), window, image.path) == 0] = np.nan
        found[number] = values
    return found


def _read(image: Image, numbers: Mapping[Band, int], window: Window) -> dict[Band, np.ndarray]:
    read = read_bands(image, set(numbers.values()), window)
    return {band: read[number] for band, number in numbers.items()}


def _array(band: gdal.Band, window: Window, path: str) -> np.ndarray:
    x_off, y_off, width, height, step = window
    rows, columns = window.shape
    try:
        if step == 1:
            array = band.ReadAsArray(x_off, y_off, width, height)
        else:
            array = band.ReadAsArray(x_off, y_off, width, height, columns, rows)
    except RuntimeError:
        array = None
    if array is None:
        raise PixelError(tr("{path} cannot be read.").format(path=path))
    return array


def _warped(
    now: Image, image: Image, numbers: Mapping[Band, int], window: Window
) -> dict[Band, np.ndarray]:
    """Bands of another lattice: the pixel that holds the centre of each pixel of the window."""
    wanted = sorted(set(numbers.values()))
    rows, columns = window.shape
    x0, y0 = now.grid.to_crs(window.x_off, window.y_off)
    _, x_col, x_row, _, y_col, y_row = now.grid.transform
    across, down = window.width / columns, window.height / rows
    target = gdal.GetDriverByName("MEM").Create("", columns, rows, len(wanted), gdal.GDT_Float64)
    target.SetGeoTransform((x0, x_col * across, x_row * down, y0, y_col * across, y_row * down))
    target.SetProjection(now.crs_wkt)
    for number in range(1, len(wanted) + 1):
        target.GetRasterBand(number).SetNoDataValue(math.nan)
        target.GetRasterBand(number).Fill(math.nan)
    source = gdal.Translate("", open_path(image.path), format="VRT", bandList=wanted)
    try:
        done = gdal.Warp(
            target, source, srcSRS=image.crs_wkt, resampleAlg="near", dstNodata=math.nan,
            errorThreshold=0.0,
        )  # fmt: skip
    except RuntimeError:
        done = 0
    if not done:
        raise PixelError(tr("{path} cannot be read.").format(path=image.path))
    arrays = {
        number: target.GetRasterBand(place).ReadAsArray() for place, number in enumerate(wanted, 1)
    }
    return {band: arrays[number] for band, number in numbers.items()}
