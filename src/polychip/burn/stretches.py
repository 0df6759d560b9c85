"""Pixels of a raster by stretches of equal ones: far fewer than pixels, in masks."""

import numpy as np
from numpy.typing import NDArray


def stretches(values: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where stretches of equal values begin, counted along the rows, and how long they are.

    A stretch may go on from the end of a row into the next one.
    """
    flat = values.ravel()
    if not flat.size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    begins = np.empty(flat.size, dtype=bool)
    begins[0] = True
    np.not_equal(flat[1:], flat[:-1], out=begins[1:])
    place = np.flatnonzero(begins)
    return place, np.diff(place, append=flat.size)
