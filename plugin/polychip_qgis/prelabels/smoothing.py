# SPDX-License-Identifier: GPL-2.0-or-later
"""Outlines of pixels made smooth, each by less than half a pixel. Pure, no QGIS.

A border that moves by less than half a pixel passes no pixel's centre: burned again, smooth
polygons give the same pixels. Corners at which outlines meet, and the edge of the cell, stay where
they are; a neighbour that is there already cuts the outline, so no gap opens between them.
"""

from __future__ import annotations

import numpy as np

ROUNDS = 20
SHRINK, SWELL = 0.5, -0.53
"""Steps of Taubin's smoothing, which takes steps away and keeps areas."""
MOST_PX = 0.40
"""How far a corner may move along each axis; the thinning adds THIN_PX."""
THIN_PX = 0.08


def smoothed(rings: list[np.ndarray], fixed: np.ndarray) -> list[np.ndarray]:
    """Rings of whole pixel corners, made smooth.

    Args:
        rings: arrays of shape (N, 2), (column, row), not closed, with axis-parallel edges.
        fixed: shape (H + 1, W + 1); corners that must stay.

    Returns:
        rings with a corner every half pixel, as smooth as may be.

    Source: Taubin 1995, A signal processing approach to fair surface design.
    """
    if not rings:
        return []
    dense = [_densified(ring) for ring in rings]
    points = np.concatenate(dense)
    lengths = np.array([len(ring) for ring in dense])
    begins = np.cumsum(lengths) - lengths
    before = np.arange(len(points)) - 1
    before[begins] = begins + lengths - 1
    after = np.arange(len(points)) + 1
    after[begins + lengths - 1] = begins
    held = _held(points, fixed)
    moved = points.copy()
    for _ in range(ROUNDS):
        for step in (SHRINK, SWELL):
            # The sum of the neighbours first: the same in both directions, to the last bit.
            middle = (moved[before] + moved[after]) / 2
            moved += step * (middle - moved)
            moved[held] = points[held]
    np.clip(moved, points - MOST_PX, points + MOST_PX, out=moved)
    moved[held] = points[held]
    return [moved[a : a + n] for a, n in zip(begins, lengths)]


def held_corners(rings: list[np.ndarray], inside: np.ndarray) -> np.ndarray:
    """Corners that must stay: where outlines meet, and on the edge of what is `inside` (H, W)."""
    height, width = inside.shape
    framed = np.zeros((height + 2, width + 2), dtype=bool)
    framed[1:-1, 1:-1] = inside
    whole = framed[:-1, :-1] & framed[1:, :-1] & framed[:-1, 1:] & framed[1:, 1:]
    fixed = ~whole
    corners = np.concatenate([np.zeros((0, 2)), *rings]).astype(np.int64)
    met = np.bincount(corners[:, 1] * (width + 1) + corners[:, 0], minlength=fixed.size)
    return fixed | (met.reshape(fixed.shape) > 1)


def _held(points: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Of half-pixel corners: the whole ones that are fixed, and those between two that are."""
    low, high = np.floor(points).astype(np.int64), np.ceil(points).astype(np.int64)
    return fixed[low[:, 1], low[:, 0]] & fixed[high[:, 1], high[:, 0]]


def _densified(ring: np.ndarray) -> np.ndarray:
    """A corner every half pixel."""
    edges = np.roll(ring, -1, axis=0) - ring
    counts = np.rint(2 * np.abs(edges).sum(axis=1)).astype(np.int64)
    steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    share = steps / np.repeat(counts, counts)
    return np.repeat(ring, counts, axis=0) + share[:, None] * np.repeat(edges, counts, axis=0)
