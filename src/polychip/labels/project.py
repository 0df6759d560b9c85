"""From the labels' CRS to pixel space: clipped far outside, densified, transformed once."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.crs import is_geographic
from polychip.errors import InputError
from polychip.labels.footprint import Footprint, ring_bounds

EDGE_TOLERANCE_PX = 0.01
"""Chords may leave the true (curved) edge by this much: a fifth of what the contract allows."""
QUANTUM = 2.0**-24
"""Pixel coordinates are rounded to this, so that noise of the inverse geotransform (up to 1e-8
px) can't push a vertex off the pixel centre or corner it was drawn on."""
_CURVATURE_SAMPLES = 17
_MOST_ROUNDS = 16


@dataclass(frozen=True, slots=True)
class PixelEdges:
    """Edges of polygons in pixel space; arrays have an entry an edge."""

    points: NDArray[np.float64]
    """(n, 4): x1, y1, x2, y2."""
    owner: NDArray[np.int64]
    """Index of the geometry, ascending."""
    area_px: NDArray[np.float64]
    """Area of each geometry inside the padded window, in pixels; an entry a geometry."""


def pixel_edges(geometry: NDArray[np.object_], place: Footprint) -> PixelEdges:
    """All edges of the polygons, in the grid's pixel space, right to EDGE_TOLERANCE_PX.

    Raises:
        InputError: a label lies where the transformation is not defined.
    """
    xy, point_ring, ring_owner = _ring_points(geometry)
    pixels = _transform(xy, place)
    if not np.isfinite(pixels).all():
        raise InputError(
            f"labels reach where {place.operation.name} is not defined; clip them to the area "
            "of the image first"
        )
    inner = point_ring[1:] == point_ring[:-1]
    owner = ring_owner[point_ring[:-1][inner]]
    points = _edges(pixels, inner)
    if not place.operation.is_identity:
        ends = _edges(xy, inner).reshape(-1, 2, 2)
        _, pixel_ends, owner = _densify(ends, points.reshape(-1, 2, 2), owner, place)
        points = pixel_ends.reshape(-1, 4)
    area = _areas(geometry, pixels, place)
    return PixelEdges(_quantise(points), owner.astype(np.int64), area)


def _ring_points(
    geometry: NDArray[np.object_],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """All vertices (n, 2), the ring of each, and the geometry of each ring."""
    simple = (shapely.get_type_id(geometry) == int(shapely.GeometryType.POLYGON)) & (
        shapely.get_num_interior_rings(geometry) == 0
    )
    if simple.all():
        xy, ring = shapely.get_coordinates(geometry, return_index=True)
        return xy, ring, np.arange(len(geometry))
    parts, part_owner = shapely.get_parts(geometry, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    return xy, ring, part_owner[ring_part]


def _edges(points: NDArray[np.float64], inner: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, 4): each vertex with the next of its ring."""
    edges = np.empty((int(np.count_nonzero(inner)), 4))
    edges[:, :2] = points[:-1][inner]
    edges[:, 2:] = points[1:][inner]
    return edges


def _quantise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values = values / QUANTUM
    np.rint(values, out=values)
    values *= QUANTUM
    return values


def _transform(xy: NDArray[np.float64], place: Footprint) -> NDArray[np.float64]:
    """Pixel coordinates of label coordinates, shape (n, 2)."""
    moved = xy
    if not place.operation.is_identity:
        moved = place.operation.forward(xy[:, 0], xy[:, 1])
        if is_geographic(place.grid.crs_wkt):  # the turn of longitude that the grid lies in
            middle = float(place.grid.corners(place.window)[:, 0].mean())
            moved[:, 0] += 360.0 * np.round((middle - moved[:, 0]) / 360.0)
        elif place.unrolled:
            lon, x, turn = place.unrolled
            straight = x + (xy[:, 0] - lon) * (turn / 360.0)
            moved[:, 0] += turn * np.round((straight - moved[:, 0]) / turn)
    pixels = place.grid.to_pixels(moved[:, 0], moved[:, 1])
    return pixels + place.shift_px if any(place.shift_px) else pixels


def _areas(
    geometry: NDArray[np.object_], pixels: NDArray[np.float64], place: Footprint
) -> NDArray[np.float64]:
    """Area of each geometry inside the padded window, in pixels.

    Args:
        pixels: the geometries' coordinates in pixel space.
    """
    w = place.window
    if place.operation.is_identity:
        area = np.asarray(shapely.area(geometry), np.float64)
        area /= abs(place.grid.transform.determinant)
        dx, dy = place.shift_px
        x, y = np.array([w.x_off, w.x_end]) - dx, np.array([w.y_off, w.y_end]) - dy
        corners = place.grid.to_crs(x[[0, 1, 1, 0]], y[[0, 0, 1, 1]])
        west, south, east, north = ring_bounds(corners)
        bounds = shapely.bounds(geometry)
        inner = (
            (bounds[:, 0] > west) & (bounds[:, 1] > south)
            & (bounds[:, 2] < east) & (bounds[:, 3] < north)
        )  # fmt: skip
        out = np.flatnonzero(~inner | (not place.grid.transform.is_rectilinear))
        moved = shapely.transform(geometry[out], lambda xy: _transform(xy, place))
    else:
        moved = shapely.set_coordinates(geometry.copy(), pixels)
        _follow_wide(moved, geometry, place)
        area = np.zeros(len(geometry))
        out = np.arange(len(geometry))
    area[out] = shapely.area(shapely.clip_by_rect(moved, w.x_off, w.y_off, w.x_end, w.y_end))
    area[np.isnan(area)] = 0.0
    return np.round(area, 6)


def _follow_wide(
    moved: NDArray[np.object_], geometry: NDArray[np.object_], place: Footprint
) -> None:
    """Let the outlines of wide geometries bend as they do on the grid; changes `moved`."""
    west, south, east, north = place.clip_box
    span = max(east - west, north - south)
    bounds = shapely.bounds(geometry)
    wide = np.flatnonzero((bounds[:, 2:] - bounds[:, :2]).max(axis=1) > span / 50)
    fine = shapely.segmentize(geometry[wide], span / 200)
    moved[wide] = shapely.transform(fine, lambda xy: _transform(xy, place))


def _densify(
    ends: NDArray[np.float64],
    pixel_ends: NDArray[np.float64],
    owner: NDArray[np.int64],
    place: Footprint,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Split edges until their chords follow the true curve; neighbours split alike.

    Args:
        ends: (n, 2, 2) end points in the labels' CRS.
        pixel_ends: (n, 2, 2) the same in pixel space.
        owner: (n,) ascending; the result's stays ascending.
    """
    backward = (ends[:, 0, 0] > ends[:, 1, 0]) | (
        (ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1])
    )  # one direction for both neighbours of an edge, so that both get the same points
    ends = np.where(backward[:, None, None], ends[:, ::-1], ends)
    pixel_ends = np.where(backward[:, None, None], pixel_ends[:, ::-1], pixel_ends)
    bend = _largest_bend(place)
    for _ in range(_MOST_ROUNDS):
        length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
        suspects = np.flatnonzero(bend * length**2 / 8 > EDGE_TOLERANCE_PX / 4)
        pieces = np.ones(len(ends), dtype=np.int64)
        pieces[suspects] = _pieces_needed(ends[suspects], pixel_ends[suspects], place)
        if not (pieces > 1).any():
            break
        ends, pixel_ends, owner = _split(ends, pixel_ends, owner, pieces, place)
    return ends, pixel_ends, owner


def _largest_bend(place: Footprint) -> float:
    """Upper bound of the second derivative (px per squared unit) near the footprint."""
    west, south, east, north = place.clip_box
    n = _CURVATURE_SAMPLES
    x, y = np.meshgrid(np.linspace(west, east, n), np.linspace(south, north, n))
    pixels = _transform(np.column_stack((x.ravel(), y.ravel())), place).reshape(n, n, 2)
    if not np.isfinite(pixels).all():
        return np.inf
    dx, dy = (east - west) / (n - 1), (north - south) / (n - 1)
    across = np.diff(pixels, 2, axis=1) / dx**2
    down = np.diff(pixels, 2, axis=0) / dy**2
    twist = np.diff(np.diff(pixels, axis=0), axis=1) / (dx * dy)
    return 2.0 * float(sum(np.abs(part).max() for part in (across, down, twist)))


def _pieces_needed(
    ends: NDArray[np.float64], pixel_ends: NDArray[np.float64], place: Footprint
) -> NDArray[np.int64]:
    """Equal parts that each edge needs, from its deviation at three inner points."""
    worst = np.zeros(len(ends))
    for t in (0.25, 0.5, 0.75):
        true = _transform(ends[:, 0] + (ends[:, 1] - ends[:, 0]) * t, place)
        chord = pixel_ends[:, 0] + (pixel_ends[:, 1] - pixel_ends[:, 0]) * t
        worst = np.maximum(worst, np.hypot(*(true - chord).T))
    worst = np.where(np.isfinite(worst), worst, 1e4)
    pieces = np.ceil(np.sqrt(worst / EDGE_TOLERANCE_PX)).clip(1, 64).astype(np.int64)
    pieces[worst <= EDGE_TOLERANCE_PX] = 1
    pieces[(worst > EDGE_TOLERANCE_PX) & (pieces < 2)] = 2
    return pieces


def _split(
    ends: NDArray[np.float64],
    pixel_ends: NDArray[np.float64],
    owner: NDArray[np.int64],
    pieces: NDArray[np.int64],
    place: Footprint,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Each edge cut into its number of equal parts."""
    index = np.repeat(np.arange(len(ends)), pieces)
    nth = np.arange(len(index)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    t_start = (nth / pieces[index])[:, None]
    t_end = ((nth + 1) / pieces[index])[:, None]
    start, end = ends[index, 0], ends[index, 1]
    new_ends = np.stack(
        (
            np.where(t_start == 0.0, start, start + (end - start) * t_start),
            np.where(t_end == 1.0, end, start + (end - start) * t_end),
        ),
        axis=1,
    )
    new_pixels = pixel_ends[index]
    inside = nth > 0
    moved = _transform(new_ends[inside, 0], place)
    new_pixels[inside, 0] = moved
    new_pixels[np.flatnonzero(inside) - 1, 1] = moved
    return new_ends, new_pixels, owner[index]
