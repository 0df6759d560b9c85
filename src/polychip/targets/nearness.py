"""Distances between pixel centres: to what is another, to the nearest, to the second nearest.

Exact Euclidean distances of pixel centres by scipy, an object at a time in the box that it and the
limit need. Source: Maurer, Qi and Raghavan 2003 (scipy.ndimage.distance_transform_edt).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Slices = tuple[slice, slice]
Floats = NDArray[np.float64]


def _boxes(parts: NDArray[np.int32]) -> Iterator[tuple[int, Slices]]:
    """Each part's number and the slices that hold it."""
    from scipy.ndimage import find_objects

    for number, box in enumerate(find_objects(parts), start=1):
        if box is not None:
            yield number, box


def _grown(box: Slices, margin: int, shape: tuple[int, int]) -> Slices:
    rows, columns = (
        slice(max(side.start - margin, 0), min(side.stop + margin, length))
        for side, length in zip(box, shape, strict=True)
    )
    return rows, columns


def _distance(hold: NDArray[np.bool_], limit: float) -> Floats:
    """Distance of each true pixel to the nearest false one, clipped; `limit` where there is none.

    False pixels get 0.
    """
    from scipy.ndimage import distance_transform_edt

    if hold.all():
        return np.full(hold.shape, float(limit))
    found: Floats = distance_transform_edt(hold)
    np.minimum(found, limit, out=found)
    return found


def inner_distance(parts: NDArray[np.int32], ignored: NDArray[np.bool_], limit: int) -> Floats:
    """How far each part's pixels lie from the nearest pixel that is known to be another's.

    What is ignored makes no edge: nobody knows whose it is.

    Args:
        parts: (height, width), 0 for none.
        ignored: (height, width).
        limit: distances are clipped there, in pixels.

    Returns:
        (height, width), 1 and more in parts, 0 elsewhere.
    """
    out = np.zeros(parts.shape)
    for number, box in _boxes(parts):
        around = _grown(box, 1, parts.shape)
        if ignored[around].any():
            around = _grown(box, limit, parts.shape)
        mine = parts[around] == number
        distance = _distance(mine | ignored[around], limit)
        np.copyto(out[around], distance, where=mine)
    return out


def outer_distance(parts: NDArray[np.int32], limit: int) -> Floats:
    """How far pixels of no part lie from the nearest part, clipped; 0 in parts."""
    return _distance(parts == 0, limit)


def two_nearest(parts: NDArray[np.int32], limit: int) -> tuple[Floats, Floats]:
    """Distances to the nearest and to the second nearest part; infinite beyond the limit.

    Returns:
        Two arrays (height, width); in a part the nearest is 0 away.
    """
    nearest, second = np.full(parts.shape, np.inf), np.full(parts.shape, np.inf)
    for number, box in _boxes(parts):
        around = _grown(box, limit, parts.shape)
        distance = _distance(parts[around] != number, limit + 1.0)
        distance[distance > limit] = np.inf
        first, other = nearest[around], second[around]  # views
        np.minimum(other, np.maximum(first, distance), out=other)
        np.minimum(first, distance, out=first)
    return nearest, second
