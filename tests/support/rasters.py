"""Small rasters that tests make for themselves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp


@dataclass(frozen=True)
class Place:
    """A pixel lattice somewhere on Earth, as a test wants it."""

    crs: str
    transform: Affine
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """CRS coordinates of all pixel centres, two arrays (height, width)."""
        column, row = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        t = self.transform
        return t.a * column + t.b * row + t.c, t.d * column + t.e * row + t.f

    def to_crs(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """CRS coordinates of pixel coordinates (column, row), both (n, 2)."""
        t, (x, y) = self.transform, np.asarray(points, dtype=float).T
        return np.column_stack((t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f))


VALENCIA = Affine(10.0, 0.0, 700_000.0, 0.0, -10.0, 4_400_000.0)


def place(
    height: int = 40,
    width: int = 50,
    *,
    crs: str = "EPSG:32630",
    transform: Affine = VALENCIA,
) -> Place:
    """A north-up grid of 10 m pixels near Valencia unless said otherwise."""
    return Place(crs, transform, height, width)


def coordinates_as_pixels(height: int, width: int, dtype: str = "uint16") -> NDArray[Any]:
    """Two bands that hold each pixel's own column and row, counted from 1; (2, height, width)."""
    row, column = np.mgrid[1 : height + 1, 1 : width + 1]
    return np.stack((column, row)).astype(dtype)


def write_raster(
    path: Path,
    where: Place,
    pixels: NDArray[Any] | None = None,
    *,
    descriptions: tuple[str, ...] = (),
    colorinterp: tuple[str, ...] = (),
    scales: tuple[float, ...] = (),
    offsets: tuple[float, ...] = (),
    units: tuple[str, ...] = (),
    **options: Any,
) -> str:
    """Write (bands, height, width) as a GeoTIFF; by default each pixel holds its coordinates.

    Keywords beyond those named go to rasterio.open (nodata, tiled, compress, …).
    """
    if pixels is None:
        pixels = coordinates_as_pixels(*where.shape)
    count, height, width = pixels.shape
    base = {"driver": "GTiff", "dtype": pixels.dtype.name, "count": count}
    grid = {"height": height, "width": width, "crs": where.crs, "transform": where.transform}
    with rasterio.open(path, "w", **(base | grid | options)) as target:
        target.write(pixels)
        for band, text in enumerate(descriptions, 1):
            target.set_band_description(band, text)
        for band, text in enumerate(units, 1):
            target.set_band_unit(band, text)
        if colorinterp:
            target.colorinterp = [ColorInterp[name] for name in colorinterp]
        if scales:
            target.scales = scales
        if offsets:
            target.offsets = offsets
    return str(path)
