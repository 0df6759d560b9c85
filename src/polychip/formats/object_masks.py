"""Each object of a chip as a mask of its own, whole or as far as it is visible."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.formats.chip import SourceChip


@dataclass(frozen=True, slots=True)
class ObjectMask:
    """An object's pixels, cut out."""

    row: Mapping[str, Any]
    """Its row in instances.parquet."""
    x: int
    """First column of the cut-out in the chip."""
    y: int
    """First row."""
    mask: NDArray[np.bool_]
    """(height, width) of the object's box."""


def object_masks(chip: SourceChip, *, visible: bool) -> Iterator[ObjectMask]:
    """The objects that have a pixel, in painting order.

    Args:
        visible: leave out what others hide.
    """
    instance = chip.instance() if visible and chip.objects else None
    for row in chip.objects:
        x, y, width, height = row["bbox_px"]
        box = (slice(y, y + height), slice(x, x + width))
        if instance is not None:
            part = instance[box] == row["local_id"] if row["local_id"] else np.zeros(0, bool)
        else:
            part = decode(row["rle"], *chip.shape)[box]
        if part.any():
            yield ObjectMask(row, x, y, part)


def decode(text: str, height: int, width: int) -> NDArray[np.bool_]:
    """The mask (height, width) of COCO compressed counts. Source: maskApi.c, rleFrString."""
    counts: list[int] = []
    value = shift = 0
    for character in text.encode("ascii"):
        bits = character - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    ones = np.arange(len(counts)) % 2 == 1
    return np.repeat(ones, counts).reshape(width, height).T
