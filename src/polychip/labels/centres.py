"""Where the middle of each object lies: the mean of its pixels in the whole scene."""

import numpy as np
from numpy.typing import NDArray

from polychip.burn.runs import paint, scan
from polychip.grid import Window
from polychip.labels.labelset import NO_OBJECT, LabelSet

_BAND_PX = 4_000_000
"""Pixels that are painted together: memory stays bounded."""


def object_centres(labels: LabelSet, image: Window, *, all_touched: bool) -> NDArray[np.float64]:
    """Mean column and row of what is seen of each object; what is ignored counts as seen.

    Args:
        labels: of the scene.
        image: the image's own pixels.
        all_touched: whether pixels count that are merely overlapped.

    Returns:
        (n_objects, 2), in pixel indices (a pixel's centre is a whole number); NaN for objects of
        which nothing is seen.
    """
    n = len(labels.objects)
    sums = np.zeros((n + 1, 3))
    rows = max(1, _BAND_PX // image.width)
    for y in range(image.y_off, image.y_end, rows):
        band = Window(image.x_off, y, image.width, min(rows, image.y_end - y))
        runs = scan(labels.edges, band, all_touched=all_touched)
        number = labels.object_of[runs.owner]
        values = np.where(number == NO_OBJECT, 0, number + 1).astype(np.int32)
        top = paint(np.zeros((band.height, band.width), np.int32), runs, values)
        row, column = np.nonzero(top)
        seen = top[row, column]
        for place, weight in enumerate((None, column + band.x_off, row + band.y_off)):
            sums[:, place] += np.bincount(seen, weights=weight, minlength=n + 1)
    with np.errstate(invalid="ignore"):
        centres: NDArray[np.float64] = sums[1:, 1:] / sums[1:, :1]
    return centres
