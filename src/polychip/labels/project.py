"""From the labels' CRS to pixel space: clipped far outside, densified, transformed once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.edges import FlatEdges, flat_edges, joined_edges, ring_edges
from polychip.crs import is_geographic
from polychip.errors import InputError
from polychip.grid import Window
from polychip.labels.footprint import Footprint
from polychip.labels.outlines import Outlines, Shapes

EDGE_TOLERANCE_PX = 0.01
"""Chords may leave the true (curved) edge by this much: a fifth of what the contract allows."""
QUANTUM = 2.0**-24
"""Pixel coordinates are rounded to this, so that noise of the inverse geotransform (up to 1e-8
px) can't push a vertex off the pixel centre or corner it was drawn on."""
_CURVATURE_SAMPLES = 17
_MOST_ROUNDS = 16


@dataclass(frozen=True, slots=True)
class PixelEdges:
    """Polygons in pixel space; arrays have an entry a polygon."""

    flat: FlatEdges
    area_px: NDArray[np.float64]
    """Area of each polygon inside the padded window, in pixels."""
    inradius_px: NDArray[np.float64]
    """A circle of this radius, or a larger one, fits into the polygon; 0 where that isn't known."""


def pixel_edges(
    outlines: Outlines, shapes: Shapes, place: Footprint, *, all_edges: bool = False
) -> PixelEdges:
    """All edges of the polygons, in the grid's pixel space, right to EDGE_TOLERANCE_PX.

    Args:
        outlines: in the labels' CRS, cut at the footprint's clip box.
        shapes: the polygons of some numbers as shapely geometries, for those whose area takes more
            than a sum.
        place: where they lie.
        all_edges: keep edges that cross no row of pixel centres.

    Raises:
        InputError: a label lies where the transformation is not defined.
    """
    bend = 0.0 if place.operation.is_identity else _largest_bend(place)
    parts, areas, radii, start = [], [np.empty(0)], [np.empty(0)], 0
    for chunk in outlines.chunks():
        pixels = _transform(chunk.xy, place)
        if not np.isfinite(pixels).all():
            raise InputError(
                f"labels reach where {place.operation.name} is not defined; clip them to the area "
                "of the image first"
            )
        area, radius, unsure = _sums_of_rings(chunk, pixels, place)
        if len(unsure):
            area[unsure] = _clipped_areas(shapes(unsure + start), place)
        if place.operation.is_identity:
            vertices = _quantise(pixels)
            parts.append(
                ring_edges(
                    vertices, chunk.first, chunk.owner, chunk.n_polygons, all_edges=all_edges
                )
            )
        else:
            points, counts = _bent_edges(chunk, pixels, place, bend)
            parts.append(flat_edges(points, counts, all_edges=all_edges))
            radius[counts != np.bincount(chunk.owner, chunk.counts, chunk.n_polygons)] = 0.0
        areas.append(area)
        radii.append(radius)
        start += chunk.n_polygons
    total = np.concatenate(areas)
    np.round(total, 6, out=total)
    return PixelEdges(joined_edges(parts), total, np.concatenate(radii))


def _bent_edges(
    outlines: Outlines, pixels: NDArray[np.float64], place: Footprint, bend: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n, 4) edges, and how many each polygon has; a ring's last vertex makes one of no length."""
    last = outlines.first[1:] - 1
    owner = np.repeat(outlines.owner, outlines.counts)
    ends, pixel_ends = (_edges(v, last).reshape(-1, 2, 2) for v in (outlines.xy, pixels))
    _, pixel_ends, owner = _densify(ends, pixel_ends, owner, place, bend)
    points = _quantise(pixel_ends.reshape(-1, 4))
    return points, np.bincount(owner, minlength=outlines.n_polygons)


def _sums_of_rings(
    outlines: Outlines, pixels: NDArray[np.float64], place: Footprint
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """(n_polygons,) area and least inradius of what is one ring inside the window; the others.

    A shape without holes holds a circle whose radius is its area over its perimeter.
    """
    area, radius = np.zeros(outlines.n_polygons), np.zeros(outlines.n_polygons)
    n_rings = np.bincount(outlines.owner, minlength=outlines.n_polygons)
    if not len(pixels):
        return area, radius, np.flatnonzero(n_rings)
    begin, counts = outlines.first[:-1], outlines.counts
    inside = _are_inside(pixels, begin, place.window)
    if not place.operation.is_identity:
        inside &= ~_is_wide(outlines, place)
    x, y = (pixels[:, axis] - np.repeat(pixels[begin, axis], counts) for axis in (0, 1))
    twice, length = np.zeros(len(x)), np.zeros(len(x))
    twice[:-1] = (
        x[:-1] * y[1:] - x[1:] * y[:-1]
    )  # from ring to ring 0: they begin and end in (0, 0)
    length[:-1] = np.sqrt((x[1:] - x[:-1]) ** 2 + (y[1:] - y[:-1]) ** 2)
    sure = np.flatnonzero(inside & (n_rings[outlines.owner] == 1))
    owner = outlines.owner[sure]
    area[owner] = np.abs(np.add.reduceat(twice, begin)[sure]) / 2
    radius[owner] = area[owner] / np.maximum(np.add.reduceat(length, begin)[sure], 1e-9)
    done = np.zeros(outlines.n_polygons, dtype=bool)
    done[owner] = True
    return area, radius, np.flatnonzero((n_rings > 0) & ~done)


def _are_inside(
    pixels: NDArray[np.float64], begin: NDArray[np.int64], window: Window
) -> NDArray[np.bool_]:
    """Which rings lie inside a window; mostly all do, and one look at all vertices tells."""
    x, y = pixels.T
    low, high = (np.array([(f(x), f(y))]) for f in (np.min, np.max))
    if not _is_inside(low, high, window).all():
        low, high = (f.reduceat(pixels, begin) for f in (np.minimum, np.maximum))
    return np.broadcast_to(_is_inside(low, high, window), len(begin)).copy()


def _is_inside(
    low: NDArray[np.float64], high: NDArray[np.float64], window: Window
) -> NDArray[np.bool_]:
    """(n,) whether boxes of corners (n, 2) lie inside a window and don't touch its border."""
    found: NDArray[np.bool_] = (
        (low[:, 0] > window.x_off) & (high[:, 0] < window.x_end)
        & (low[:, 1] > window.y_off) & (high[:, 1] < window.y_end)
    )  # fmt: skip
    return found


def _is_wide(outlines: Outlines, place: Footprint) -> NDArray[np.bool_]:
    """Rings so wide that their sides may bend on the grid."""
    begin = outlines.first[:-1]
    reach = np.maximum.reduceat(outlines.xy, begin) - np.minimum.reduceat(outlines.xy, begin)
    wide: NDArray[np.bool_] = reach.max(axis=1) > _span(place) / 50
    return wide


def _span(place: Footprint) -> float:
    west, south, east, north = place.clip_box
    return max(east - west, north - south)


def _edges(vertices: NDArray[np.float64], last: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, 4): each vertex with the next of its ring; the last one of each with itself."""
    edges = np.empty((len(vertices), 4))
    edges[:, :2] = vertices
    edges[:-1, 2:] = vertices[1:]
    edges[last, 2:] = vertices[last]
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


def _clipped_areas(geometry: NDArray[np.object_], place: Footprint) -> NDArray[np.float64]:
    """Area of each geometry inside the padded window, in pixels."""
    moved = shapely.transform(geometry, lambda xy: _transform(xy, place))
    if not place.operation.is_identity:
        _follow_wide(moved, geometry, place)
    w = place.window
    area = np.zeros(len(geometry))
    box = (w.x_off, w.y_off, w.x_end, w.y_end)
    try:
        area[:] = shapely.area(shapely.clip_by_rect(moved, *box))
    except shapely.errors.GEOSException:
        area[:] = [_area_inside(shape, box) for shape in moved]
    area[np.isnan(area)] = 0.0
    return area


def _area_inside(geometry: Any, box: tuple[int, int, int, int]) -> float:
    """Area inside a box, also of slivers, on which the quick clip fails."""
    try:
        return float(shapely.area(shapely.clip_by_rect(geometry, *box)))
    except shapely.errors.GEOSException:
        return float(shapely.area(shapely.intersection(geometry.buffer(0), shapely.box(*box))))


def _follow_wide(
    moved: NDArray[np.object_], geometry: NDArray[np.object_], place: Footprint
) -> None:
    """Let the outlines of wide geometries bend as they do on the grid; changes `moved`."""
    span = _span(place)
    bounds = shapely.bounds(geometry)
    wide = np.flatnonzero((bounds[:, 2:] - bounds[:, :2]).max(axis=1) > span / 50)
    fine = shapely.segmentize(geometry[wide], span / 200)
    moved[wide] = shapely.transform(fine, lambda xy: _transform(xy, place))


def _densify(
    ends: NDArray[np.float64],
    pixel_ends: NDArray[np.float64],
    owner: NDArray[np.int64],
    place: Footprint,
    bend: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Split edges until their chords follow the true curve; neighbours split alike.

    Args:
        ends: (n, 2, 2) end points in the labels' CRS.
        pixel_ends: (n, 2, 2) the same in pixel space.
        owner: (n,) ascending; the result's stays ascending.
        place: where they lie.
        bend: the largest second derivative there.
    """
    backward = (ends[:, 0, 0] > ends[:, 1, 0]) | (
        (ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1])
    )  # one direction for both neighbours of an edge, so that both get the same points
    ends = np.where(backward[:, None, None], ends[:, ::-1], ends)
    pixel_ends = np.where(backward[:, None, None], pixel_ends[:, ::-1], pixel_ends)
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
