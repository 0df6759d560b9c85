"""Vector layers read by geopandas and burned by GDAL, without any of Polychip's own code."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio.features
from numpy.typing import NDArray

from support.rasters import Place


def layer(path: Path, name: str = "labels") -> geopandas.GeoDataFrame:
    """A layer's features in the file's order."""
    return geopandas.read_file(path, layer=name)


def burned(
    frame: geopandas.GeoDataFrame, where: Place, values: Any, *, fill: int = 0
) -> NDArray[np.int64]:
    """The value of each pixel's centre; polygons must not overlap."""
    pairs = list(zip(frame.geometry, [int(value) for value in values], strict=True))
    if not pairs:
        return np.full(where.shape, fill, dtype=np.int64)
    count = (
        sum(
            rasterio.features.rasterize(
                [(shape, 1)], out_shape=where.shape, transform=where.transform, dtype="uint8"
            ).astype(int)
            for shape, _ in pairs
        )
        if len(pairs) < 60
        else np.zeros(where.shape, int)
    )
    assert count.max() <= 1, "polygons overlap"
    return rasterio.features.rasterize(
        pairs, out_shape=where.shape, transform=where.transform, fill=fill, dtype="int32"
    ).astype(np.int64)


def same_partition(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Whether two label images tell the same things apart, whatever their numbers; 0 is none."""
    if not np.array_equal(a == 0, b == 0):
        return False
    pairs = np.unique(np.stack((a[a > 0], b[a > 0])), axis=1)
    return all(len(np.unique(side)) == pairs.shape[1] for side in pairs)
