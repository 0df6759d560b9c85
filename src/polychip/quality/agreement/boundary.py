"""How well outlines agree: F-score within some pixels, and Hausdorff distance."""

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.quality.agreement.measures import ratio

Mask = NDArray[np.bool_]
_CHUNK = 200_000


def outline(mask: Mask, looked: Mask) -> Mask:
    """Pixels of a mask with a 4-neighbour that was looked at and is not in it."""
    edge = np.zeros_like(mask)
    for here, there in (
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        edge[here] |= mask[here] & ~mask[there] & looked[there]
    return edge


def within(mask: Mask, radius: int) -> Mask:
    """Pixels whose centre lies at most `radius` from one of a mask's."""
    out = mask.copy()
    height, width = mask.shape
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            if (down or right) and down * down + right * right <= radius * radius:
                rows = slice(max(down, 0), height + min(down, 0))
                columns = slice(max(right, 0), width + min(right, 0))
                from_rows = slice(max(-down, 0), height + min(-down, 0))
                from_columns = slice(max(-right, 0), width + min(-right, 0))
                out[rows, columns] |= mask[from_rows, from_columns]
    return out


@dataclass(slots=True)
class Outlines:
    """The outlines of one class on both sides, gathered block by block."""

    radius: int
    n_a: int = 0
    n_b: int = 0
    a_near: int = 0
    """A's outline pixels within the radius of B's."""
    b_near: int = 0
    points_a: list[NDArray[np.int32]] = field(default_factory=list)
    points_b: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, a: Mask, b: Mask, looked: Mask, window: Window, own: Window) -> None:
        """Add a block; its margin must be wider than the radius."""
        edge_a, edge_b = outline(a, looked), outline(b, looked)
        near_a, near_b = within(edge_a, self.radius), within(edge_b, self.radius)
        inner = own.slices_in(window)
        a_own, b_own = edge_a[inner], edge_b[inner]
        self.n_a += int(a_own.sum())
        self.n_b += int(b_own.sum())
        self.a_near += int((a_own & near_b[inner]).sum())
        self.b_near += int((b_own & near_a[inner]).sum())
        for edge, points in ((a_own, self.points_a), (b_own, self.points_b)):
            row, column = np.nonzero(edge)
            where = np.column_stack((column + own.x_off, row + own.y_off))
            points.append(where.astype(np.int32))

    @property
    def f_score(self) -> float | None:
        """Boundary F: harmonic mean of the shares of both outlines near the other.

        Source: Csurka et al. 2013, What is a good evaluation measure for semantic segmentation?
        """
        if not self.n_a and not self.n_b:
            return None
        precision = ratio(self.b_near, self.n_b) or 0.0
        recall = ratio(self.a_near, self.n_a) or 0.0
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def hausdorff(self, percent: float = 95.0) -> float | None:
        """The larger of both directed distances at a percentile, in pixels; None for one side."""
        a, b = np.concatenate(self.points_a), np.concatenate(self.points_b)
        if not len(a) or not len(b):
            return None
        return max(
            float(np.percentile(_nearest(a, b), percent)),
            float(np.percentile(_nearest(b, a), percent)),
        )


def _nearest(these: NDArray[np.int32], those: NDArray[np.int32]) -> NDArray[np.float64]:
    """Distance of each of these points to the nearest of those."""
    tree = shapely.STRtree(np.asarray(shapely.points(those.astype(np.float64)), dtype=object))
    found = []
    for start in range(0, len(these), _CHUNK):
        part = shapely.points(these[start : start + _CHUNK].astype(np.float64))
        _, distance = tree.query_nearest(part, return_distance=True, all_matches=False)
        found.append(distance)
    return np.concatenate(found)
