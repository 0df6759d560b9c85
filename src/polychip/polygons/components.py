"""Connected pixels of one value, found by runs; pure numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOTHING = -1
"""Pixels that belong to no component."""


@dataclass(frozen=True, slots=True)
class Components:
    """Pieces of an array in which every pixel has a 4-neighbour of the same value."""

    ids: NDArray[np.int32]
    """(height, width) number of the component, from 1 in reading order; 0 where nothing is."""
    value: NDArray[np.int64]
    """(n + 1,) each component's value, by its number."""
    n_px: NDArray[np.int64]
    """(n + 1,) each component's pixels, by its number."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.value) - 1


def find_components(values: NDArray[np.integer]) -> Components:
    """The 4-connected components of equal values; NOTHING is left out.

    Args:
        values: (height, width).
    """
    height, width = values.shape
    begins = np.ones((height, width), dtype=bool)
    begins[:, 1:] = values[:, 1:] != values[:, :-1]
    runs = (np.cumsum(begins.ravel(), dtype=np.int32) - 1).reshape(height, width)
    run_value = values[begins].astype(np.int64)
    joined = (values[1:] == values[:-1]) & (values[1:] != NOTHING)
    first = joined.copy()  # of the pixels in which two runs meet, one is enough
    first[:, 1:] &= ~joined[:, :-1] | begins[1:, 1:] | begins[:-1, 1:]
    root = united(len(run_value), runs[:-1][first], runs[1:][first])
    present = run_value != NOTHING
    is_root = present & (root == np.arange(len(root)))
    number = np.cumsum(is_root, dtype=np.int32)
    number_of_run = np.where(present, number[root], 0).astype(np.int32)
    ids = number_of_run[runs]
    n = int(number[-1])
    value = np.full(n + 1, NOTHING, dtype=np.int64)
    value[1:] = run_value[is_root]
    n_px = np.bincount(ids.ravel(), minlength=n + 1).astype(np.int64)
    return Components(ids, value, n_px)


def united(n: int, a: NDArray[np.integer], b: NDArray[np.integer]) -> NDArray[np.int64]:
    """The smallest member of the set of each of n things, once a[i] and b[i] are united."""
    root = np.arange(n, dtype=np.int64)
    while len(a):
        root_a, root_b = root[a], root[b]
        apart = root_a != root_b
        a, b, root_a, root_b = a[apart], b[apart], root_a[apart], root_b[apart]
        np.minimum.at(root, np.maximum(root_a, root_b), np.minimum(root_a, root_b))
        while True:
            shorter = root[root]
            if np.array_equal(shorter, root):
                break
            root = shorter
    return root
