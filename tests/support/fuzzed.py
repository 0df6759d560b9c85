"""Geometries nobody draws on purpose, by chance with a seed."""

import math
import struct
from collections.abc import Callable
from random import Random

import shapely

HOSTILE = (
    float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 1e-308, 1.7e305, 0.0, -0.0, 1e15,
    2.0**53, 1e9,
)  # fmt: skip
Ring = list[tuple[float, float]]


def fuzzed_wkb(rng: Random, side: float) -> bytes:
    """A geometry with an area, or without one, or none at all, near (0, 0) to (side, side).

    Points and lines on their own are left out: they are an error of the whole layer.
    """
    return rng.choice(_KINDS)(rng, side)


def _ring(rng: Random, side: float) -> Ring:
    """Some corners, not closed; of many kinds."""
    kind = rng.randrange(9)
    x, y = rng.uniform(-side, 2 * side), rng.uniform(-side, 2 * side)
    size = rng.choice((0.01, 0.6, 5.0, 20.0, side, 1e6))
    corners = [
        (x + size * rng.uniform(-1, 1), y + size * rng.uniform(-1, 1))
        for _ in range(rng.randint(3, 12))
    ]
    if kind == 0:  # bow tie
        corners = [(x, y), (x + size, y + size), (x + size, y), (x, y + size)]
    elif kind == 1:  # one place many times
        corners = [(x, y)] * rng.randint(1, 6)
    elif kind == 2:  # there and back: no area
        corners = [(x, y), (x + size, y), (x + 2 * size, y), (x + size, y)]
    elif kind == 3:  # repeated corners
        corners = [corner for corner in corners for _ in range(rng.randint(1, 4))]
    elif kind == 4:  # spike
        corners = [(x, y), (x + size, y), (x + size, y + size), (x + 9 * size, y + size)]
        corners += [(x + size, y + size), (x, y + size)]
    elif kind == 5:  # on pixel corners and centres
        corners = [(round(2 * a) / 2, round(2 * b) / 2) for a, b in corners]
    elif kind == 6 and rng.random() < 0.4:
        corners = [_spoiled(rng, corner) for corner in corners]
    elif kind == 7 and rng.random() < 0.1:  # a great many corners
        turns = (2 * math.pi * i / 5000 for i in range(5000))
        corners = [(x + size * math.cos(turn), y + size * math.sin(turn)) for turn in turns]
    return corners


def _spoiled(rng: Random, corner: tuple[float, float]) -> tuple[float, float]:
    spoilt = [rng.choice(HOSTILE) if rng.random() < 0.3 else value for value in corner]
    return spoilt[0], spoilt[1]


def _polygon(rng: Random, side: float) -> bytes:
    rings = [_ring(rng, side)]
    for _ in range(
        rng.choice((0, 0, 0, 1, 2, 5))
    ):  # holes anywhere: inside, across, outside, twice
        rings.append(rng.choice((rings[0], _ring(rng, side), _ring(rng, side))))
    if rng.random() < 0.03:
        rings = []
    if rng.random() < 0.03:
        rings.insert(0, [])
    return _polygon_wkb(rings, closed=True)


def _polygon_wkb(rings: list[Ring], *, closed: bool, dimensions: int = 2, code: int = 3) -> bytes:
    data = struct.pack("<BII", 1, code, len(rings))
    for ring in rings:
        points = ring + ring[:1] if closed else ring
        data += struct.pack("<I", len(points))
        for point in points:
            data += struct.pack(f"<{dimensions}d", *point, *[7.0] * (dimensions - 2))
    return data


def _with_heights(rng: Random, side: float) -> bytes:
    code, dimensions = rng.choice(((1003, 3), (2003, 3), (3003, 4), (0x80000003, 3)))
    return _polygon_wkb([_ring(rng, side)], closed=True, dimensions=dimensions, code=code)


def _multi(rng: Random, side: float) -> bytes:
    parts = [_polygon(rng, side) for _ in range(rng.choice((0, 1, 1, 2, 3, 40)))]
    return struct.pack("<BII", 1, 6, len(parts)) + b"".join(parts)


def _collection(rng: Random, side: float, depth: int = 0) -> bytes:
    parts = []
    for _ in range(rng.randint(0, 4)):
        kind = rng.randrange(5)
        if kind == 0 and depth < 6:
            parts.append(_collection(rng, side, depth + 1))
        elif kind == 1:
            parts.append(struct.pack("<BI2d", 1, 1, rng.random() * side, rng.random() * side))
        elif kind == 2:
            parts.append(struct.pack("<BII4d", 1, 2, 2, 1, 2, rng.random() * side, 3))
        else:
            parts.append(rng.choice((_polygon, _multi))(rng, side))
    return struct.pack("<BII", 1, 7, len(parts)) + b"".join(parts)


def _empty(rng: Random, side: float) -> bytes:
    shape = rng.choice((shapely.Polygon(), shapely.MultiPolygon(), shapely.GeometryCollection()))
    return shapely.to_wkb(shape)


def _big_endian(rng: Random, side: float) -> bytes:
    ring = [(1.0, 1.0), (side, 1.0), (side, side)]
    return bytes(shapely.to_wkb(shapely.Polygon(ring), byte_order=0))


_KINDS: tuple[Callable[[Random, float], bytes], ...] = (
    *[_polygon] * 12, *[_multi] * 3, *[_collection] * 2, *[_with_heights] * 2, _empty, _big_endian,
)  # fmt: skip
