"""Shape makers in pixel space: ribbons, blobs, town blocks, contours; no scene in here.

Coordinates are (x right, y down) in pixels of the scene, corner convention. Offsets are
computed here and not by GEOS buffers, whose vertices differ between versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import rasterio.features
from scene_noise import Floats, fractal_noise, uniforms
from shapely.geometry import Polygon, shape


def rounded(points: Floats) -> Floats:
    """Points on a lattice of 1/1000 px, so that the last bits of a platform do not matter."""
    return np.round(points, 3)


def ribbon(centre: Floats, half_width_px: Floats | float) -> Polygon:
    """The polygon around a centre line, shape (n, 2), with a half-width at each vertex."""
    along = np.gradient(centre, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    offset = normal * np.broadcast_to(half_width_px, (len(centre),))[:, None]
    return Polygon(rounded(np.concatenate([centre + offset, (centre - offset)[::-1]])))


def smooth_line(knots: list[tuple[float, float]], step_px: float = 6.0) -> Floats:
    """A Catmull-Rom curve through the knots, shape (n, 2)."""
    p = np.array([knots[0], *knots, knots[-1]], dtype=np.float64)
    pieces = []
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        count = max(2, int(np.hypot(*(c - b)) / step_px))
        t = (np.arange(count) / count)[:, None]
        pieces.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    return np.concatenate([*pieces, p[-1:]])


def blob(centre: tuple[float, float], radius_px: float, squash: float, seed: int) -> Polygon:
    """An irregular closed outline: an ellipse with a few random harmonics."""
    angle = np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
    draws = uniforms(seed, 12)
    radius = np.ones_like(angle)
    for k in range(2, 7):
        wave = np.cos(k * angle + 2 * np.pi * draws[k])
        radius += 0.32 * (draws[k + 4] - 0.2) * wave / (k - 1)
    turn = np.pi * draws[0]
    x = radius_px * radius * np.cos(angle)
    y = radius_px * squash * radius * np.sin(angle)
    outline = np.stack(
        [x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1
    )
    return Polygon(rounded(outline + centre))


def rectangle(centre: tuple[float, float], size: tuple[float, float], turn_deg: float) -> Polygon:
    """A rotated rectangle of (width, height) pixels."""
    half = 0.5 * np.array(size)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    return Polygon(rounded(rotated(corners, turn_deg) + centre))


def rotated(points: Floats, turn_deg: float) -> Floats:
    """Points (n, 2) turned around the origin."""
    turn = np.deg2rad(turn_deg)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(points @ matrix)


def contours(field: Floats, level: float, cell_px: float) -> list[Polygon]:
    """Smooth outlines of where `field` lies under `level`, largest first.

    Args:
        field: values on a lattice of `cell_px` pixels, shape (h, w).
        level: the threshold.
        cell_px: lattice spacing in scene pixels.
    """
    low = (field < level).astype(np.uint8)
    polygons = []
    for geometry, _ in rasterio.features.shapes(low, mask=low > 0, connectivity=4):
        stairs = shape(geometry).normalize()
        rings = [smooth_ring(np.array(r.coords)) for r in (stairs.exterior, *stairs.interiors)]
        kept = [ring * cell_px for ring in rings[1:] if Polygon(ring).area > 4]
        smooth = Polygon(rings[0] * cell_px, kept).simplify(0.25)
        polygons.append(
            Polygon(
                rounded(np.array(smooth.exterior.coords)),
                [rounded(np.array(ring.coords)) for ring in smooth.interiors],
            )
        )
    return sorted(polygons, key=lambda p: (-p.area, p.wkb))


def smooth_ring(stairs: Floats) -> Floats:
    """A stair-shaped closed ring, made smooth: edge midpoints, then Chaikin's corner cutting."""
    pieces = []
    for a, b in pairwise(stairs):
        count = round(float(np.abs(b - a).sum()))
        pieces.append(a + (b - a) * ((np.arange(count) + 0.5) / count)[:, None])
    ring = np.concatenate(pieces)
    for _ in range(3):
        following = np.roll(ring, -1, axis=0)
        ring = np.stack([0.75 * ring + 0.25 * following, 0.25 * ring + 0.75 * following], axis=1)
        ring = ring.reshape(-1, 2)
    return np.concatenate([ring, ring[:1]])


@dataclass(frozen=True, slots=True)
class TownPlan:
    """A quarter: blocks in rows and columns, each block two rows of houses wall to wall."""

    centre: tuple[float, float]
    """Middle of the quarter, in pixels."""
    turn_deg: float
    """Rotation of the street grid."""
    blocks: tuple[int, int]
    """(columns, rows) of blocks."""
    house_px: tuple[float, float]
    """(width, depth) of a house."""
    houses: tuple[int, int]
    """(along, deep) houses in a block."""
    street_px: float
    """Width of the streets between the blocks."""
    seed: int
    """Draws which lots are empty and where the party walls stand."""


@dataclass(frozen=True, slots=True)
class Block:
    """One town block."""

    outline: Polygon
    """The lot, up to the street."""
    houses: tuple[Polygon, ...]
    """Houses; neighbours share their wall exactly."""


def town_blocks(plan: TownPlan, empty: float) -> tuple[list[Block], Polygon]:
    """Blocks of a quarter, and its street polygon (with one hole a block).

    Args:
        plan: the quarter.
        empty: share of lots without a house.
    """
    along, deep = plan.houses
    size = np.array([along * plan.house_px[0], deep * plan.house_px[1]])
    pitch = size + plan.street_px
    count = np.array(plan.blocks)
    corner = -0.5 * (count * pitch + plan.street_px)
    blocks = []
    for column, row in np.ndindex(plan.blocks):
        start = corner + plan.street_px + np.array([column, row]) * pitch
        number = row * plan.blocks[0] + column
        nodes = bent(block_nodes(plan, plan.seed + 31 * number) + start, plan)
        blocks.append(block_of(nodes, uniforms(plan.seed + 31 * number + 7, along * deep), empty))
    across = np.linspace(0, 1, 4 * max(plan.blocks))[:, None]
    frame = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]) * (count * pitch + plan.street_px)
    sides = [a + (b - a) * across for a, b in pairwise(frame)]
    outer = bent(np.concatenate([side[:-1] for side in sides]) + corner, plan)
    return blocks, Polygon(outer, [block.outline.exterior.coords for block in blocks])


def block_nodes(plan: TownPlan, seed: int) -> Floats:
    """House corners of a block, shape (along + 1, deep + 1, 2); inner walls are shifted."""
    along, deep = plan.houses
    nodes = np.stack(np.meshgrid(np.arange(along + 1.0), np.arange(deep + 1.0), indexing="ij"), -1)
    draws = uniforms(seed, along + 1 + deep + 1) - 0.5
    nodes[1:-1, :, 0] += 0.35 * draws[1:along, None]
    nodes[:, 1:-1, 1] += 0.25 * draws[along + 2 : -1][None, :]
    return np.asarray(nodes * np.array(plan.house_px))


def bent(points: Floats, plan: TownPlan) -> Floats:
    """Local street-grid points in scene pixels; a gentle wave keeps streets from being ruled."""
    flat = rotated(points.reshape(-1, 2), plan.turn_deg)
    wave = np.sin(flat[:, ::-1] / 19.0 + plan.seed) * np.array([1.6, 1.2])
    return rounded((flat + wave + plan.centre).reshape(points.shape))


def block_of(nodes: Floats, draws: Floats, empty: float) -> Block:
    """A block from its house corners; lots drawn under `empty` stay open."""
    along, deep = nodes.shape[0] - 1, nodes.shape[1] - 1
    rim = [*nodes[:-1, 0], *nodes[-1, :-1], *nodes[:0:-1, -1], *nodes[0, :0:-1]]
    houses = []
    for i, j in np.ndindex(along, deep):
        if draws[i * deep + j] >= empty:
            quad = [nodes[i, j], nodes[i + 1, j], nodes[i + 1, j + 1], nodes[i, j + 1]]
            houses.append(Polygon(quad))
    return Block(Polygon(rim), tuple(houses))


def lattice(shape_px: tuple[int, int], cell_px: float) -> tuple[Floats, Floats]:
    """Centre coordinates (x, y) of a coarse lattice over a scene, each of shape (h, w)."""
    rows = (np.arange(int(shape_px[0] / cell_px)) + 0.5) * cell_px
    columns = (np.arange(int(shape_px[1] / cell_px)) + 0.5) * cell_px
    x, y = np.meshgrid(columns, rows)
    return x, y


def bumps(shape_px: tuple[int, int], cell_px: float, bump_px: float, seed: int) -> Floats:
    """Fractal noise on a coarse lattice, with bumps given in scene pixels."""
    coarse = (int(shape_px[0] / cell_px), int(shape_px[1] / cell_px))
    return fractal_noise(coarse, bump_px / cell_px, seed)
