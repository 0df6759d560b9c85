"""COCO's compressed run-length encoding, straight from runs and for many objects at once.

Source: pycocotools, maskApi.c (rleToString): column-major runs, counts beyond the second as the
difference to the count two before, 5 bits a character, least significant first.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from polychip.burn.runs import Runs, expand

Ints = NDArray[np.int64]
_MOST_CHARACTERS = 7


def encode(runs: Runs, n_objects: int, height: int, width: int) -> list[str]:
    """COCO `counts` of each object.

    Args:
        runs: their `owner` is the object's number, below n_objects; disjoint within an object.
        n_objects: objects without a run come out empty.
        height: of the chip in pixels.
        width: of the chip in pixels.
    """
    size = height * width
    run, column = expand(runs.start, runs.stop)
    pixel = (runs.owner[run] * width + column) * height + runs.row[run]
    pixel.sort()
    owner = pixel // size
    new = (
        np.r_[True, (np.diff(pixel) != 1) | (np.diff(owner) != 0)]
        if len(pixel)
        else np.empty(0, bool)
    )
    first = np.flatnonzero(new)
    begin = pixel[first]
    end = pixel[np.r_[first[1:] - 1, len(pixel) - 1]] + 1 if len(first) else begin
    counts, owner_of_count = _counts(begin, end, owner[first], n_objects, size)
    return _characters(counts, owner_of_count, n_objects)


def _counts(begin: Ints, end: Ints, owner: Ints, n_objects: int, size: int) -> tuple[Ints, Ints]:
    """Lengths of gaps and runs in turn, a gap first, the rest of the chip last unless empty."""
    start_of = owner * size
    previous_end = np.r_[0, end[:-1]] if len(end) else end
    same = np.r_[False, owner[1:] == owner[:-1]] if len(owner) else np.empty(0, bool)
    gap = begin - np.where(same, previous_end, start_of)
    body = np.column_stack((gap, end - begin)).ravel()
    body_owner = np.repeat(owner, 2)
    last_end = np.arange(n_objects, dtype=np.int64) * size
    last_end[owner] = end  # ascending, so an owner's last run stays
    rest = (np.arange(n_objects) + 1) * size - last_end
    tail = np.flatnonzero(rest > 0)
    owners = np.concatenate((body_owner, tail))
    order = np.argsort(owners, kind="stable")
    return np.concatenate((body, rest[tail]))[order], owners[order]


def _characters(counts: Ints, owner: Ints, n_objects: int) -> list[str]:
    start = np.searchsorted(owner, np.arange(n_objects + 1))
    nth = np.arange(len(owner)) - start[owner]
    value = counts.copy()
    late = np.flatnonzero(nth > 2)
    value[late] -= counts[late - 2]
    digits = np.zeros((len(value), _MOST_CHARACTERS), dtype=np.uint8)
    length = np.zeros(len(value), dtype=np.int64)
    going = np.ones(len(value), dtype=bool)
    for position in range(_MOST_CHARACTERS):
        if not going.any():
            break
        character = value & 0x1F
        value >>= 5
        more = np.where(character & 0x10, value != -1, value != 0)
        digits[going, position] = ((character | (more << 5)) + 48)[going]
        length[going] += 1
        going &= more
    kept = np.arange(_MOST_CHARACTERS) < length[:, None]
    text = digits[kept].tobytes().decode("ascii")
    stops = np.r_[0, np.cumsum(length)][start]
    return [text[a:b] for a, b in pairwise(stops.tolist())]
