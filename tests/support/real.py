"""Real files read without Polychip."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.features
from numpy.typing import NDArray

from support.rasters import Place


def place_of(path: Path, crs: str | None = None) -> Place:
    """A raster's grid; the CRS as its EPSG code unless given."""
    with rasterio.open(path) as file:
        return Place(crs or f"EPSG:{file.crs.to_epsg()}", file.transform, file.height, file.width)


def pixels_of(path: Path) -> NDArray[Any]:
    """All bands, (bands, height, width)."""
    with rasterio.open(path) as file:
        return file.read()


def gdal_burn(polygon: Any, where: Place) -> NDArray[np.bool_]:
    """The pixels that GDAL gives a polygon in the grid's own CRS."""
    burned = rasterio.features.rasterize(
        [(polygon, 1)], out_shape=where.shape, transform=where.transform
    )
    return burned.astype(bool)
