"""Objects as an instance mask shows them: COCO RLE, box and area of each visible part."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.burn.rle import encode
from polychip.burn.runs import Runs


@dataclass(frozen=True, slots=True)
class Visible:
    """What of an object no other covers."""

    rle: str
    """COCO compressed counts, size = [height, width]."""
    box: tuple[int, int, int, int]
    """x, y, width, height in pixels."""
    area_px: int


def visible_objects(mask: NDArray[np.generic]) -> dict[int, Visible]:
    """The parts of a mask by their ids, 0 left out, ascending.

    Args:
        mask: (height, width) ids, any whole-number type.
    """
    height, width = mask.shape
    ids, runs = _runs(mask)
    texts = encode(runs, len(ids), height, width)
    found = {}
    for index, (number, text) in enumerate(zip(ids.tolist(), texts, strict=True)):
        mine = runs.owner == index
        start, stop, row = runs.start[mine], runs.stop[mine], runs.row[mine]
        x, y = int(start.min()), int(row.min())
        box = (x, y, int(stop.max()) - x, int(row.max()) + 1 - y)
        found[int(number)] = Visible(text, box, int((stop - start).sum()))
    return found


def _runs(mask: NDArray[np.generic]) -> tuple[NDArray[np.int64], Runs]:
    """Ids and the runs of equal pixels; `owner` is the id's place among the ids."""
    height, width = mask.shape
    values = mask.astype(np.int64)
    begins = np.ones((height, width), dtype=bool)
    begins[:, 1:] = values[:, 1:] != values[:, :-1]
    places = np.flatnonzero(begins)
    ends = np.r_[places[1:], height * width]
    kept = values.ravel()[places] != 0
    places, ends = places[kept], ends[kept]
    row = places // width
    ids, owner = np.unique(values.ravel()[places], return_inverse=True)
    runs = Runs(owner.astype(np.int64), row, places - row * width, ends - row * width)
    return ids, runs
