"""labelme: a JSON file an image, with polygons, rectangles, circles and masks."""

import base64
import binascii
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from polychip.errors import InputError
from polychip.grid import Grid
from polychip.imports.annotation import Account, Annotation, ImageAnnotations, load_json
from polychip.imports.rings import box, filled_rings, mask_shape

_CIRCLE_SEGMENTS = 32
"""In a quarter of a circle."""
_WITHOUT_AREA = ("point", "points", "line", "linestrip")


class LabelmeSource:
    """A folder of JSON files. Coordinates count from the outer corner of the first pixel."""

    def __init__(self, path: Path, shift_px: float = 0.0) -> None:
        """List the folder; a single file will do.

        Raises:
            InputError: there is no JSON file.
        """
        self._files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        if not self._files:
            raise InputError(f"{path}: no .json files; expected labelme's, one an image")
        root = path if path.is_dir() else path.parent
        self.image_names = [p.relative_to(root).with_suffix("").as_posix() for p in self._files]
        self._shift_px = shift_px

    def read(self, index: int, grid: Grid, account: Account) -> ImageAnnotations:
        """The annotations of an image.

        Raises:
            InputError: the file is malformed, or says another size than the image has.
        """
        path, name = self._files[index], self.image_names[index]
        data = load_json(path)
        if not isinstance(data, dict) or not isinstance(data.get("shapes"), list):
            raise InputError(f"{path}: has no shapes; expected a file that labelme wrote")
        stated = (data.get("imageHeight") or grid.height, data.get("imageWidth") or grid.width)
        if stated != grid.shape:
            raise InputError(
                f"{path}: says {stated[0]} × {stated[1]} px (height × width), its image has "
                f"{grid.height} × {grid.width}; give the image that was annotated"
            )
        found = []
        for number, entry in enumerate(data["shapes"], 1):
            try:
                shape = self._shape(entry, grid, account)
                label = str(entry["label"])
            except (KeyError, TypeError, ValueError, binascii.Error, RasterioError) as error:
                raise InputError(f"{path}: shape {number} is malformed ({error})") from error
            if shape is None:
                continue
            group = entry.get("group_id")
            instance = f"{name}:{number}" if group is None else f"{name}:{label}:group {group}"
            found.append(Annotation(shape, label, label, f"{name}:{number}", instance))
        return ImageAnnotations(found)

    def _shape(
        self, entry: Mapping[str, Any], grid: Grid, account: Account
    ) -> shapely.Geometry | None:
        kind = entry.get("shape_type") or "polygon"
        if kind in _WITHOUT_AREA:
            account.left_out[f"shapes without an area ({kind})"] += 1
            return None
        points = np.array(entry["points"], dtype=float).reshape(-1, 2)
        if kind == "mask":
            return mask_shape(_mask(entry["mask"], points, grid))
        points = points + self._shift_px
        if kind == "rectangle":
            shape = box(*points.min(axis=0), *points.max(axis=0))
        elif kind == "circle":
            middle, rim = points
            radius = math.dist(middle, rim)
            shape = shapely.Point(middle).buffer(radius, quad_segs=_CIRCLE_SEGMENTS)
        elif kind in ("polygon", "oriented_rectangle"):
            shape, repaired = filled_rings([points])
            account.changed["invalid outlines repaired"] += repaired
        else:
            raise ValueError(f"shape_type '{kind}' is unknown")
        if shape is None or shapely.area(shape) == 0:
            account.left_out["annotations without an area"] += 1
            return None
        return shape


def _mask(text: str, points: NDArray[np.float64], grid: Grid) -> NDArray[np.bool_]:
    """A mask stored as a PNG whose first and last pixel are given."""
    with warnings.catch_warnings():  # the image says where it is
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with MemoryFile(base64.b64decode(text)) as memory, memory.open() as file:
            small = file.read(1) != 0
    x, y = (int(value) for value in points[0])
    height, width = small.shape
    if x < 0 or y < 0 or y + height > grid.height or x + width > grid.width:
        raise ValueError("its mask reaches beyond the image")
    whole = np.zeros(grid.shape, dtype=bool)
    whole[y : y + height, x : x + width] = small
    return whole
