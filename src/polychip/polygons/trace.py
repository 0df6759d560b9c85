"""Outlines of components along their pixels' edges; pure."""

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes

from polychip.polygons.components import Components


def trace(
    found: Components, x_off: int, y_off: int, simplify_px: float = 0.0
) -> NDArray[np.object_]:
    """The polygon of each component, by its number less one, in the scene's pixel coordinates.

    With a tolerance all outlines of the block are simplified together, what lies between the
    components included: a border that two share stays shared, and the block's own edges stay.

    Args:
        found: a block's components.
        x_off: the block's first column.
        y_off: the block's first row.
        simplify_px: about the square root of the area in pixels that a removed corner may take.

    Source: GDAL's polygonizer (rasterio.features.shapes), 4-connected; GEOS's coverage simplifier
    (Visvalingam-Whyatt) for the borders.
    """
    polygons = np.full(len(found), None, dtype=object)
    mask = None if simplify_px else found.ids > 0
    traced = [
        (int(number), _polygon(outline["coordinates"]))
        for outline, number in shapes(found.ids, mask=mask, connectivity=4)
    ]
    outlines = np.array([polygon for _, polygon in traced], dtype=object)
    if simplify_px and len(outlines):
        # A corner of one polygon on the side of another must be a vertex of both.
        outlines = shapely.segmentize(outlines, 1.0)
        outlines = shapely.coverage_simplify(outlines, simplify_px, simplify_boundary=False)
    for (number, _), polygon in zip(traced, outlines, strict=True):
        if number:
            polygons[number - 1] = polygon
    return np.asarray(
        shapely.transform(polygons, lambda xy: np.add(xy, (x_off, y_off))), dtype=object
    )


def _polygon(rings: list[list[tuple[float, float]]]) -> shapely.Polygon:
    return shapely.Polygon(rings[0], rings[1:])


def joined(pieces: list[shapely.Geometry]) -> shapely.Geometry:
    """Pieces that meet along whole edges as one geometry; corners are whole pixels."""
    return pieces[0] if len(pieces) == 1 else shapely.union_all(pieces)


def tidy(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """The same shapes without vertices on straight edges, rings in a fixed order and direction.

    So a shape does not tell how it was cut into blocks. Corners must be whole numbers, so that
    nothing is rounded. Where two rings of a shape touch, both keep the vertex: without it, rounding
    in another CRS could make them cross.
    """
    parts, part_of = shapely.get_parts(geometry, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, at = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        return geometry
    last = np.r_[at[1:] != at[:-1], True]
    xy, at = xy[~last], at[~last]  # a ring's last point repeats its first
    start = np.flatnonzero(np.r_[True, at[1:] != at[:-1]])
    end = np.r_[start[1:], len(at)] - 1
    before, after = np.arange(len(at)) - 1, np.arange(len(at)) + 1
    before[start], after[end] = end, start
    into, out = xy - xy[before], xy[after] - xy
    kept = into[:, 0] * out[:, 1] != into[:, 1] * out[:, 0]
    kept |= _shared(xy, part_of[ring_of[at]])
    cleaned = shapely.linearrings(xy[kept], indices=at[kept])
    polygons = shapely.polygons(cleaned, indices=ring_of)
    many = np.bincount(part_of, minlength=len(geometry)) > 1
    result = np.empty(len(geometry), dtype=object)
    single = ~many[part_of]
    result[part_of[single]] = polygons[single]
    if many.any():
        result[np.flatnonzero(many)] = shapely.multipolygons(
            polygons[~single], indices=np.unique(part_of[~single], return_inverse=True)[1]
        )
    return np.asarray(shapely.normalize(result), dtype=object)


def _shared(xy: NDArray[np.float64], owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which points, (n, 2), occur more than once in their shape."""
    rows = np.column_stack((owner, xy))
    _, back, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(count[back.reshape(-1)] > 1)
