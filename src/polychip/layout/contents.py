"""What the labels say of each unit, as far as it decides where it goes; pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Contents:
    """Classes and objects of units, over all dates. Nodata is not known yet and counts as data."""

    names: tuple[str, ...]
    """Of the classes; background and ignore are none."""
    pixels: Ints
    """Labelled pixels of each class, shape (units, classes)."""
    labelled: Ints
    """Pixels that are not ignore, shape (units,)."""
    shown: Ints
    """(unit, object) for each object that a unit shows, hidden ones included, shape (n, 2)."""
    n_objects: int

    def has_feature(self) -> NDArray[np.bool_]:
        """Which units hold a pixel of any class."""
        return np.asarray(self.pixels.sum(axis=1) > 0)
