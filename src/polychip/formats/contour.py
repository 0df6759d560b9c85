"""Masks as one polygon each, through pixel centres: filling it with its border gives the mask back.

The border of pixels is followed by GDAL along the cracks between pixels; each crack stands for the
pixel on its inner side. Holes are joined to the outline by a cut along a row of the object's own
pixels, which costs nothing; separate parts by a line over pixels that are not the object's.
"""

from dataclasses import dataclass

import numpy as np
import rasterio.features
from numpy.typing import NDArray

Points = NDArray[np.int64]
"""(n, 2) columns and rows of pixels."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One closed polygon for a mask."""

    points: Points
    n_parts: int
    n_holes: int
    bridge_px: int
    """Pixels that the lines between parts cover and that are not the object's, at most."""


def outline(mask: NDArray[np.bool_]) -> Outline:
    """The polygon of a mask (height, width) that holds at least one pixel."""
    parts = []
    n_holes = 0
    shapes = rasterio.features.shapes(mask.astype(np.uint8), mask=mask, connectivity=4)
    for shape, _ in shapes:
        rings = [np.array(ring, dtype=np.int64)[:-1] for ring in shape["coordinates"]]
        chains = [_chain(ring, mask, hole=index > 0) for index, ring in enumerate(rings)]
        n_holes += len(chains) - 1
        parts.append(_with_holes(chains, mask))
    parts.sort(key=lambda part: (int(part[:, 1].min()), int(part[:, 0].min())))
    points, bridge_px = _joined(parts)
    return Outline(_without_repeats(points), len(parts), n_holes, bridge_px)


def _chain(ring: Points, mask: NDArray[np.bool_], *, hole: bool) -> Points:
    """The pixels along the inner side of a ring of cracks, in its order.

    Args:
        ring: (n, 2) pixel corners (x, y), not closed, steps along the axes.
        hole: the object lies outside the ring.
    """
    ring = _corners(ring)
    after = np.roll(ring, -1, axis=0)
    area = int((ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]).sum())
    side = np.sign(area) * (-1 if hole else 1)
    ahead = np.sign(after - ring)
    inward = side * np.column_stack((-ahead[:, 1], ahead[:, 0]))
    # A pixel's column and row are its centre less a half: (corner + (± d ± n) / 2) - 1/2.
    first = ring + (ahead + inward - 1) // 2
    last = after + (-ahead + inward - 1) // 2
    turn = after + (ahead + inward - 1) // 2  # ahead of the crack: the object's where it bends in
    inner = np.roll(ahead, -1, axis=0) == -inward
    bends_in = inner.all(axis=1) & _in_mask(turn, mask)
    chain = np.stack((first, last, turn), axis=1)
    kept = np.ones(chain.shape[:2], dtype=bool)
    kept[:, 2] = bends_in
    return _without_repeats(chain[kept])


def _corners(ring: Points) -> Points:
    """A ring without the points on its straight sides."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turns: Points = ring[(np.sign(before) != np.sign(after)).any(axis=1)]
    return turns


def _in_mask(pixels: Points, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    x, y = pixels[:, 0], pixels[:, 1]
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    found = np.zeros(len(pixels), dtype=bool)
    found[inside] = mask[y[inside], x[inside]]
    return found


def _with_holes(chains: list[Points], mask: NDArray[np.bool_]) -> Points:
    """The outer chain with each hole's chain let in by a cut to the left of the hole.

    The cut follows the row to the last pixel of the object, which lies on a chain that is in
    already: that of the outline, or of a hole further left.
    """
    whole = chains[0]
    for hole in sorted(chains[1:], key=lambda chain: (int(chain[:, 0].min()), chain[0].tolist())):
        start = int(np.lexsort((hole[:, 1], hole[:, 0]))[0])
        x, y = hole[start].tolist()
        row = mask[y, : x + 1]
        gaps = np.flatnonzero(~row)
        end = int(gaps[-1]) + 1 if len(gaps) else 0
        whole, place = _place_on(whole, end, y)
        around = np.concatenate((hole[start:], hole[: start + 1]))
        whole = np.concatenate((whole[: place + 1], around, whole[place:]))
    return whole


def _place_on(chain: Points, x: int, y: int) -> tuple[Points, int]:
    """The chain with the pixel (x, y), which lies on it, as a point, and that point's place."""
    here = np.flatnonzero((chain[:, 0] == x) & (chain[:, 1] == y))
    if len(here):
        return chain, int(here[0])
    after = np.roll(chain, -1, axis=0)
    low, high = np.minimum(chain, after), np.maximum(chain, after)
    on = (low[:, 0] <= x) & (x <= high[:, 0]) & (low[:, 1] <= y) & (y <= high[:, 1])
    straight = (low == high).any(axis=1)
    place = int(np.flatnonzero(on & straight)[0]) + 1
    return np.insert(chain, place, (x, y), axis=0), place


def _joined(parts: list[Points]) -> tuple[Points, int]:
    """All parts in one chain, each joined to the nearest point of those before it."""
    whole, bridge_px = parts[0], 0
    for part in parts[1:]:
        far = np.abs(whole[:, None, :] - part[None, :, :]).max(axis=2)
        place, start = divmod(int(far.argmin()), len(part))
        bridge_px += max(0, int(far[place, start]) - 1)
        around = np.concatenate((part[start:], part[: start + 1]))
        whole = np.concatenate((whole[: place + 1], around, whole[place:]))
    return whole, bridge_px


def _without_repeats(points: Points) -> Points:
    """Points that differ from the one before."""
    kept = np.ones(len(points), dtype=bool)
    kept[1:] = (points[1:] != points[:-1]).any(axis=1)
    points = points[kept]
    return points[:-1] if len(points) > 1 and (points[0] == points[-1]).all() else points
