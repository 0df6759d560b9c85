"""COCO's run-length encodings, decoded in both of their forms.

Source: pycocotools, maskApi.c (rleFrString); counts are column-major, a gap first.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def decode_rle(counts: Any, height: int, width: int) -> tuple[int, NDArray[np.bool_]]:
    """(first column, mask) of counts as a list of numbers or as compressed text.

    The mask, (height, n), has the columns from the first to the last in which something is set:
    an image may be large, and its objects small.

    Raises:
        ValueError: the counts do not hold a mask of that size.
    """
    runs = _from_text(counts) if isinstance(counts, str | bytes) else _from_list(counts)
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        raise ValueError(f"counts of {sum(runs)} pixels for {height} × {width}")
    lengths = np.array(runs, dtype=np.int64)
    end = np.cumsum(lengths)
    begin, end = (end - lengths)[1::2], end[1::2]
    begin, end = begin[end > begin], end[end > begin]
    if not len(begin):
        return 0, np.zeros((height, 0), dtype=bool)
    first, last = int(begin[0]) // height, (int(end[-1]) - 1) // height
    steps = np.zeros((last + 1 - first) * height + 1, dtype=np.int8)
    steps[begin - first * height] += 1
    np.subtract.at(steps, end - first * height, 1)
    return first, (np.cumsum(steps[:-1], dtype=np.int8) > 0).reshape(-1, height).T


def _from_list(counts: Any) -> list[int]:
    if not isinstance(counts, list) or not all(isinstance(n, int) for n in counts):
        raise ValueError("counts are neither text nor a list of whole numbers")
    return counts


def _from_text(text: str | bytes) -> list[int]:
    raw = text.encode("ascii", "replace") if isinstance(text, str) else text
    runs: list[int] = []
    value = shift = 0
    for character in raw:
        digit = character - 48
        if not 0 <= digit < 64:
            raise ValueError("counts hold characters of something else")
        value |= (digit & 0x1F) << shift
        shift += 5
        if digit & 0x20:
            continue
        if digit & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("counts break off")
    return runs
