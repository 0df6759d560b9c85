"""The objects of one chip: local ids, areas, boxes, full masks as RLE."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.burn.rle import encode
from polychip.burn.runs import Runs, merge
from polychip.burn.stretches import stretches
from polychip.grid import Window

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ChipObjects:
    """Objects that cover at least one pixel of a chip; arrays have an entry an object."""

    number: Ints
    """Number of the object in the scene, ascending."""
    local_id: Ints
    """Its value in the instance mask, from 1; 0 when nothing of it is seen."""
    area_px: Ints
    """Pixels on the image, before overlap and ignore."""
    visible_px: Ints
    """Pixels in the instance mask."""
    box: Ints
    """(n, 4): x, y, width, height of the full mask, in chip pixels."""
    truncated: NDArray[np.bool_]
    """Whether the chip's edge cuts the object."""
    rle: list[str]
    """COCO `counts` of the full mask, hidden parts included."""


def chip_objects(
    runs: Runs,
    total_px: Ints,
    top: NDArray[np.int32],
    image: Window,
    dtype: str = "uint32",
) -> tuple[ChipObjects, NDArray[np.generic]]:
    """Objects of a chip, and its instance mask.

    Args:
        runs: of thing features in the chip; `owner` is the object's number.
        total_px: (n_objects,) each object's pixels on the whole image.
        top: (height, width) 1 + the object that lies on top, 0 for none or ignored.
        image: the image's own pixels, counted from the chip's first; objects end there.
        dtype: of the instance mask.

    Returns:
        The objects, and local ids (height, width).
    """
    height, width = top.shape
    chip = Window(0, 0, width, height)
    inside = image.intersection(chip)
    joined = merge([runs.cut(chip, inside)], inside).shifted(inside.x_off, inside.y_off)
    numbers, first, local = np.unique(joined.owner, return_index=True, return_inverse=True)
    n = len(numbers)
    lengths = joined.stop - joined.start
    area = np.bincount(local, weights=lengths, minlength=n).astype(np.int64)
    place, length = stretches(top)
    on_top = top.ravel()[place]
    n_known = max(int(numbers.max(initial=-1)) + 1, int(on_top.max(initial=0))) + 1
    seen = np.bincount(on_top, weights=length, minlength=n_known)
    visible = seen[numbers + 1].astype(np.int64)
    ids = np.where(visible > 0, np.cumsum(visible > 0), 0)
    objects = ChipObjects(
        number=numbers,
        local_id=ids,
        area_px=area,
        visible_px=visible,
        box=_boxes(joined, first, n),
        truncated=area < total_px[numbers],
        rle=encode(Runs(local, joined.row, joined.start, joined.stop), n, height, width),
    )
    id_of = np.zeros(n_known, dtype=dtype)
    id_of[numbers + 1] = ids
    return objects, np.repeat(id_of[on_top], length).reshape(top.shape)


def _boxes(runs: Runs, first: Ints, n: int) -> Ints:
    if not n:
        return np.empty((0, 4), dtype=np.int64)
    left = np.minimum.reduceat(runs.start, first)
    right = np.maximum.reduceat(runs.stop, first)
    top = np.minimum.reduceat(runs.row, first)
    bottom = np.maximum.reduceat(runs.row, first) + 1
    return np.column_stack((left, top, right - left, bottom - top))
