"""Rings, boxes and masks in pixels as polygons; pure."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.labels.geometry import repair
from polychip.polygons.components import NOTHING, find_components
from polychip.polygons.trace import trace


def filled_rings(rings: Sequence[NDArray[np.float64]]) -> tuple[shapely.Geometry | None, bool]:
    """The ground that rings enclose, each filled, and whether one had to be repaired.

    Args:
        rings: (n, 2) points each, closed or not; None is returned where they hold no area.
    """
    shapes = np.array([shapely.Polygon(ring) for ring in rings if len(ring) >= 3], dtype=object)
    if not len(shapes):
        return None, False
    fixed = repair(shapes)
    kept = fixed.geometry[~fixed.empty]
    if not len(kept):
        return None, False
    whole = kept[0] if len(kept) == 1 else shapely.union_all(kept)
    return (None if whole.area == 0 else whole), bool(fixed.invalid.any())


def box(x_min: float, y_min: float, x_max: float, y_max: float) -> shapely.Geometry | None:
    """A rectangle; None when it has no area."""
    if not (x_max > x_min and y_max > y_min):
        return None
    return shapely.box(x_min, y_min, x_max, y_max)


def mask_shape(mask: NDArray[np.bool_], x_off: int = 0, y_off: int = 0) -> shapely.Geometry | None:
    """The pixels of a mask, (height, width), as one geometry along their edges.

    Args:
        mask: None is returned where nothing is set.
        x_off: the mask's first column in the image.
        y_off: the mask's first row in the image.
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    y, x = int(rows[0]), int(columns[0])
    mask = mask[y : int(rows[-1]) + 1, x : int(columns[-1]) + 1]
    x_off, y_off = x_off + x, y_off + y
    pieces = [shape for _, shape in value_shapes(np.where(mask, 1, NOTHING), x_off, y_off)]
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    return shapely.union_all(pieces)


def value_shapes(
    values: NDArray[np.integer], x_off: int = 0, y_off: int = 0
) -> list[tuple[int, shapely.Geometry]]:
    """Value and polygon of each 4-connected piece of an array (height, width), but of NOTHING."""
    found = find_components(values.astype(np.int32))
    shapes = trace(found, x_off, y_off)
    return list(zip(found.value[1:].tolist(), shapes.tolist(), strict=True))
