"""Panoptic segments of a chip: each labelled pixel belongs to exactly one; pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.schema import LabelSchema

VOID = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """An object, or all pixels of one class without objects."""

    number: int
    """Its value in the map of segments, from 1."""
    class_code: int
    is_thing: bool
    """Whether it is an object."""
    local_id: int
    """The object's value in the instance mask; 0 for stuff."""
    area_px: int


def panoptic_segments(
    semantic: NDArray[np.generic], instance: NDArray[np.generic], schema: LabelSchema
) -> tuple[NDArray[np.int32], list[Segment]]:
    """The map of segments and what they are.

    Objects are a segment each; what is left of each class, background included, is one segment of
    that class. Ignored pixels are void, 0.

    Args:
        semantic: (height, width) class codes.
        instance: (height, width) local ids, 0 for none.
        schema: says which code is ignore.
    """
    ids, objects = np.zeros(semantic.shape, dtype=np.int32), instance != 0
    segments: list[Segment] = []
    known = semantic != schema.ignore
    for code in np.unique(semantic[known & ~objects]).tolist():
        here = known & ~objects & (semantic == code)
        ids[here] = number = len(segments) + 1
        segments.append(Segment(number, code, False, 0, int(np.count_nonzero(here))))
    seen = known & objects
    local, first, place, area = np.unique(
        instance[seen], return_index=True, return_inverse=True, return_counts=True
    )
    ids[seen] = place + len(segments) + 1
    codes = semantic[seen][first].tolist()
    before = len(segments)
    segments += [
        Segment(before + 1 + n, int(code), True, int(one), int(size))
        for n, (one, code, size) in enumerate(
            zip(local.tolist(), codes, area.tolist(), strict=True)
        )
    ]
    return ids, segments
