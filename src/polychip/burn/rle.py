"""COCO's compressed run-length encoding, straight from runs and for many objects at once.

Source: pycocotools, maskApi.c (rleToString): column-major runs, counts beyond the second as the
difference to the count two before, 5 bits a character, least significant first.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from polychip.burn.runs import Runs, expand

Ints = NDArray[np.int64]
_LIMITS = np.array([16, 512, 1 << 14, 1 << 19, 1 << 24, 1 << 29], dtype=np.int64)
"""A value from the n-th of these on, or its complement, takes more than n + 1 characters."""
_RUN_BEGINS, _RUN_ENDS, _ABOVE_BEGINS, _ABOVE_ENDS = range(4)
_STEP = np.array([1, -1, -1, 1], dtype=np.int8)


def encode(runs: Runs, n_objects: int, height: int, width: int) -> list[str]:
    """COCO `counts` of each object.

    Args:
        runs: their `owner` is the object's number, below n_objects; disjoint within an object.
        n_objects: objects without a run come out empty.
        height: of the chip in pixels.
        width: of the chip in pixels.
    """
    size = height * width
    begin, end = _down_columns(runs, height, width)
    owner = begin // size
    new = np.ones(len(begin), dtype=bool)  # from a column's foot a run may go on in the next one
    new[1:] = (begin[1:] != end[:-1]) | (owner[1:] != owner[:-1])
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(begin)) - 1 if len(first) else first
    counts, owner_of_count = _counts(begin[first], end[last], owner[first], n_objects, size)
    return _characters(counts, owner_of_count, n_objects)


def _down_columns(runs: Runs, height: int, width: int) -> tuple[Ints, Ints]:
    """Where the runs along columns begin, and where they are over, ascending.

    Pixels are numbered object by object, column by column. A run begins where an object has a
    pixel and none above it: where stretches of its rows and of the rows above differ. So only
    outlines are looked at pixel by pixel.
    """
    n_lines = (int(runs.owner.max(initial=-1)) + 1) * (height + 1)
    line = runs.owner * (height + 1) + runs.row  # a line more, above which is the last row
    line *= width + 1
    above = line + (width + 1)
    key = np.concatenate((
        (line + runs.start) * 4 + _RUN_BEGINS,
        (line + runs.stop) * 4 + _RUN_ENDS,
        (above + runs.start) * 4 + _ABOVE_BEGINS,
        (above + runs.stop) * 4 + _ABOVE_ENDS,
    ))  # fmt: skip
    key = _sorted(key, n_lines * (width + 1) * 4)
    place, differs = key >> 2, np.cumsum(_STEP[key & 3], dtype=np.int8)

    def pixels(difference: int) -> Ints:
        chosen = np.flatnonzero(differs[:-1] == difference)
        first, counts = place[chosen], place[chosen + 1] - place[chosen]
        line, column = np.divmod(first, width + 1)
        owner, row = np.divmod(line, height + 1)
        number = (owner * width + column) * height + row
        number -= (np.cumsum(counts) - counts) * height
        number = np.repeat(number, counts)
        number += np.arange(len(number)) * height
        return _sorted(number, n_lines * width)

    return pixels(1), pixels(-1)


def _sorted(values: Ints, limit: int) -> Ints:
    """Numbers from 0 to below a limit, sorted: in 32 bits half the bytes take half the time."""
    if limit <= 1 << 32:
        short = values.astype(np.uint32)
        short.sort()
        return short.astype(np.int64)
    values.sort()
    return values


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
    length = 1 + np.searchsorted(_LIMITS, np.where(value < 0, ~value, value), side="right")
    index, position = expand(np.zeros(len(value), dtype=np.int64), length)
    more = position < length[index] - 1
    digits = ((value[index] >> 5 * position) & 0x1F) | (more.astype(np.int64) << 5)
    text = (digits + 48).astype(np.uint8).tobytes().decode("ascii")
    stops = np.append(0, np.cumsum(length))[start]
    return [text[a:b] for a, b in pairwise(stops.tolist())]
