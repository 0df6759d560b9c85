"""Rasters whose pixels are class codes."""

from collections.abc import Iterator

import numpy as np

from polychip.errors import InputError, some
from polychip.grid import Window, blocks
from polychip.io.raster import FileSource, inspect_file

_MOST_VALUES = 65_536
_STEP_PX = 2048


def distinct_values(path: str) -> list[int]:
    """All values of a raster's first band, nodata left out, ascending; read block by block.

    Raises:
        InputError: the raster holds no whole numbers, or can't be read.
    """
    info = inspect_file(path)
    if np.dtype(info.profile.dtype).kind not in "iu":
        raise InputError(
            f"{path}: pixels are {info.profile.dtype}; a raster of classes holds whole numbers: "
            "convert it (gdal_translate -ot Byte), or label with polygons"
        )
    found: set[int] = set()
    with FileSource(info) as source:
        for window in _windows(source.grid.window):
            pixels, valid = source.read(window)
            found.update(np.unique(pixels[0][valid]).tolist())
            if len(found) > _MOST_VALUES:
                raise InputError(
                    f"{path}: more than {_MOST_VALUES} distinct values ({some(sorted(found))}): "
                    "this is imagery, not classes"
                )
    return sorted(int(value) for value in found)


def _windows(whole: Window) -> Iterator[Window]:
    for block in blocks(whole, _STEP_PX, _STEP_PX):
        yield block.intersection(whole)
