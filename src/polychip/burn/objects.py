"""The objects of chips: local ids, areas, boxes, full masks as RLE; many chips at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from polychip.burn.rle import encode
from polychip.burn.runs import Runs, merge
from polychip.burn.stretches import stretches
from polychip.grid import Window

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ChipRuns:
    """What was burned for a chip."""

    runs: Runs
    """Of thing features in the chip; `owner` is the object's number."""
    total_px: Ints
    """(n_objects,) each object's pixels on the whole image."""
    top: NDArray[np.int32]
    """(height, width) 1 + the object that lies on top, 0 for none or ignored."""
    image: Window
    """The image's own pixels, counted from the chip's first; objects end there."""


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


def objects_of_chips(
    chips: Sequence[ChipRuns], dtype: str = "uint32"
) -> list[tuple[ChipObjects, NDArray[np.generic]]]:
    """Objects of some chips, and their instance masks, in one go: a chip alone is mostly overhead.

    Args:
        chips: all of one shape.
        dtype: of the instance masks.

    Returns:
        For each chip its objects, and local ids (height, width).
    """
    if not chips:
        return []
    height, width = chips[0].top.shape
    whole = Window(0, 0, width, height)
    begin = np.cumsum([0, *(len(chip.total_px) for chip in chips)])  # an object's number in all
    parts = [_on_image(chip, whole, int(n)) for chip, n in zip(chips, begin, strict=False)]
    joined = merge(parts, whole)
    lengths = joined.stop - joined.start
    first = np.flatnonzero(np.diff(joined.owner, prepend=-1))
    numbers = joined.owner[first]
    local = np.repeat(np.arange(len(first)), np.diff(first, append=len(joined)))
    area = np.add.reduceat(lengths, first) if len(first) else lengths
    box = _boxes(joined, first)
    truncated = area < np.concatenate([chip.total_px for chip in chips])[numbers]
    rle = encode(Runs(local, joined.row, joined.start, joined.stop), len(first), height, width)
    found = []
    for chip, n, (a, b) in zip(
        chips, begin.tolist(), pairwise(np.searchsorted(numbers, begin).tolist()), strict=False
    ):
        own = numbers[a:b] - n
        visible, ids, mask = _seen(chip.top, own, len(chip.total_px), dtype)
        part = ChipObjects(own, ids, area[a:b], visible, box[a:b], truncated[a:b], rle[a:b])
        found.append((part, mask))
    return found


def _on_image(chip: ChipRuns, whole: Window, offset: int) -> Runs:
    """A chip's runs as far as they lie on the image, the objects numbered from `offset` on."""
    inside = chip.image.intersection(whole)
    runs = chip.runs
    if inside != whole:
        runs = runs.cut(whole, inside).shifted(inside.x_off, inside.y_off)
    return Runs(runs.owner + offset, runs.row, runs.start, runs.stop)


def _seen(
    top: NDArray[np.int32], numbers: Ints, n_objects: int, dtype: str
) -> tuple[Ints, Ints, NDArray[np.generic]]:
    """Of a chip's objects their pixels on top and local ids, and the instance mask."""
    flat = top.ravel()  # a part of a block is copied here, once
    place, length = stretches(flat)
    on_top = flat[place]
    seen = np.bincount(on_top, weights=length, minlength=n_objects + 1)
    visible = seen[numbers + 1].astype(np.int64)
    ids = np.where(visible > 0, np.cumsum(visible > 0), 0)
    id_of = np.zeros(n_objects + 1, dtype=dtype)
    id_of[numbers + 1] = ids
    return visible, ids, np.repeat(id_of[on_top], length).reshape(top.shape)


def _boxes(runs: Runs, first: Ints) -> Ints:
    if not len(first):
        return np.empty((0, 4), dtype=np.int64)
    left = np.minimum.reduceat(runs.start, first)
    right = np.maximum.reduceat(runs.stop, first)
    top = np.minimum.reduceat(runs.row, first)
    bottom = np.maximum.reduceat(runs.row, first) + 1
    return np.column_stack((left, top, right - left, bottom - top))
