"""A GeoTIFF written window by window, for results that are no chips."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as RasterioWindow

from polychip.grid import Grid, Window
from polychip.io.atomic import replacing
from polychip.io.raster import gdal_env


def write_windows(
    path: Path,
    grid: Grid,
    names: tuple[str, ...],
    parts: Iterable[tuple[Window, NDArray[np.float32]]],
) -> None:
    """Write float32 bands (bands, height, width) of windows that tile the grid; NaN is no data.

    Raises:
        OutputError: it can't be written there.
    """
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": len(names), "height": grid.height,
        "width": grid.width, "crs": grid.crs_wkt, "transform": grid.transform, "nodata": np.nan,
        "tiled": True, "compress": "deflate",
    }  # fmt: skip
    with replacing(path) as temporary, gdal_env(), rasterio.open(temporary, "w", **profile) as file:
        for number, name in enumerate(names, start=1):
            file.set_band_description(number, name)
        for window, pixels in parts:
            frame = RasterioWindow(window.x_off, window.y_off, window.width, window.height)
            file.write(pixels, window=frame)
