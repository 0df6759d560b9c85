"""COCO's compressed run-length encoding, decoded; shares no line with the encoder.

Source: pycocotools, maskApi.c (rleFrString).
"""

import numpy as np
from numpy.typing import NDArray


def decode(text: str, height: int, width: int) -> NDArray[np.bool_]:
    """The mask that a COCO `counts` text stands for, shape (height, width).

    Raises:
        ValueError: the text does not hold a mask of that size.
    """
    return decode_columns(text, height, width).reshape(width, height).T


def decode_columns(text: str, height: int, width: int) -> NDArray[np.bool_]:
    """The same column by column, shape (width · height,).

    Raises:
        ValueError: the text does not hold a mask of that size.
    """
    counts = run_lengths(text)
    if counts.size == 0 or counts.min() < 0 or int(counts.sum()) != height * width:
        raise ValueError(f"an RLE of {int(counts.sum())} pixels for {height} × {width}")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts)


def run_lengths(text: str) -> NDArray[np.int64]:
    """Lengths of gaps and runs in turn, a gap first, in column-major order.

    Raises:
        ValueError: the text breaks off, or holds characters of something else.
    """
    raw = np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8).astype(np.int64) - 48
    if raw.size == 0 or raw.min() < 0 or raw.max() > 63 or raw[-1] & 0x20:
        raise ValueError("not a COCO RLE")
    last = (raw & 0x20) == 0
    ends = np.flatnonzero(last)
    starts = np.r_[0, ends[:-1] + 1]
    place = np.arange(raw.size) - np.repeat(starts, ends - starts + 1)
    if place.max() > 11:
        raise ValueError("an RLE count is too long")
    steps = np.add.reduceat((raw & 0x1F) << (5 * place), starts)
    negative = (raw[ends] & 0x10) != 0
    steps -= np.where(negative, np.int64(1) << (5 * (ends - starts + 1)), 0)
    lengths = steps.copy()
    lengths[1::2] = np.cumsum(steps[1::2])
    lengths[2::2] = np.cumsum(steps[2::2])
    return lengths
