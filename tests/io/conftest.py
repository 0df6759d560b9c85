"""Rasters that tests make for themselves, and grids of every kind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

UTM30 = "EPSG:32630"
ORIGIN = Affine(10.0, 0.0, 700_000.0, 0.0, -10.0, 4_400_000.0)
"""A place near Valencia, pixels of 10 m."""

WriteRaster = Callable[..., str]


@pytest.fixture
def write_raster(tmp_path: Path) -> WriteRaster:
    """A GeoTIFF for one test; see `writer`."""
    return writer(tmp_path)


@pytest.fixture(scope="module")
def write_shared_raster(tmp_path_factory: pytest.TempPathFactory) -> WriteRaster:
    """A GeoTIFF that the tests of a module share and none of them changes; see `writer`."""
    return writer(tmp_path_factory.mktemp("shared"))


def writer(folder: Path) -> WriteRaster:
    """What writes (bands, height, width) as a GeoTIFF to the folder and returns its path.

    Keywords: crs, transform, descriptions, alpha (band from 1), mask (bool array, a .msk beside
    the file), and whatever rasterio.open takes (nodata, tiled, compress, dtype, …).
    """

    def write(
        name: str,
        pixels: NDArray[Any],
        *,
        crs: str | None = UTM30,
        transform: Affine = ORIGIN,
        descriptions: tuple[str, ...] = (),
        alpha: int | None = None,
        mask: NDArray[np.bool_] | None = None,
        **options: Any,
    ) -> str:
        path = folder / name
        count, height, width = pixels.shape
        base = {"driver": "GTiff", "dtype": pixels.dtype.name, "count": count}
        place = {"height": height, "width": width, "crs": crs, "transform": transform}
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False),
            rasterio.open(path, "w", **(base | place | options)) as target,
        ):
            for band, text in enumerate(descriptions, 1):
                target.set_band_description(band, text)
            if alpha is not None:
                target.colorinterp = [
                    ColorInterp.alpha if band == alpha else ColorInterp.undefined
                    for band in range(1, count + 1)
                ]
            target.write(pixels)
            if mask is not None:
                target.write_mask(mask)
        return str(path)

    return write


@pytest.fixture
def rng() -> np.random.Generator:
    """The same numbers in each run."""
    return np.random.default_rng(20241031)
