"""Polygons out of whatever geometries a layer holds: repaired, buffered, counted."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

REPAIR_METHOD = "shapely.make_valid(method='structure')"
"""Rings are made valid, shells merged, holes subtracted; parts without area are dropped."""

_POLYGONAL = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))
_COLLECTION = int(shapely.GeometryType.GEOMETRYCOLLECTION)
BUFFER_SEGMENTS = 16
"""Segments in a quarter circle of a buffer."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Valid polygons, and what had to be done for them. Arrays have an entry a feature."""

    geometry: NDArray[np.object_]
    """Polygons and MultiPolygons; None where nothing is left."""
    invalid: NDArray[np.bool_]
    """Features that had to be repaired."""
    empty: NDArray[np.bool_]
    """Features without a geometry, or without one that has an area."""
    no_area: NDArray[np.bool_]
    """Lines and points, which need a width to become polygons."""
    broken: NDArray[np.bool_]
    """Features that GEOS can't repair: coordinates of 1e308, for example."""


def repair(geometry: NDArray[np.object_]) -> Repaired:
    """Valid polygons of the geometries given, by REPAIR_METHOD."""
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    kind = shapely.get_type_id(geometry)
    polygonal = np.isin(kind, _POLYGONAL)
    no_area = ~missing & ~polygonal & (kind != _COLLECTION)
    invalid = ~missing & ~no_area & ~shapely.is_valid(geometry)
    fixed = geometry.copy()
    fixed[invalid] = _made_valid(geometry[invalid])
    broken = invalid & shapely.is_missing(fixed)
    fixed[missing | no_area] = None
    mixed = np.flatnonzero(~shapely.is_missing(fixed) & ~np.isin(_kinds(fixed), _POLYGONAL))
    for index in mixed:
        fixed[index] = polygon_parts(fixed[index])
    gone = shapely.is_missing(fixed) | shapely.is_empty(fixed)
    fixed[gone] = None
    return Repaired(fixed, invalid, missing | (gone & ~no_area & ~broken), no_area, broken)


def _made_valid(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Repaired geometries; None where that fails."""
    try:
        return np.asarray(
            shapely.make_valid(geometry, method="structure", keep_collapsed=False), dtype=object
        )
    except shapely.errors.GEOSException:
        if len(geometry) == 1:
            return np.array([None], dtype=object)
        return np.concatenate([_made_valid(geometry[i : i + 1]) for i in range(len(geometry))])


def _kinds(geometry: NDArray[np.object_]) -> NDArray[np.int64]:
    return np.asarray(shapely.get_type_id(geometry), dtype=np.int64)


def polygon_parts(geometry: shapely.Geometry) -> shapely.Geometry | None:
    """The polygons of a collection as one (Multi)Polygon; None when it holds none."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    polygons = [part for part in parts if shapely.get_type_id(part) in _POLYGONAL]
    return shapely.union_all(polygons) if polygons else None


def buffer_metres(
    geometry: NDArray[np.object_], distance: NDArray[np.float64], metres_per_unit: float
) -> NDArray[np.object_]:
    """Polygons of lines, points and polygons, `distance` metres wide to each side.

    Args:
        geometry: in a projected CRS.
        distance: in metres, an entry a feature.
        metres_per_unit: length of the CRS's unit.
    """
    grown = shapely.buffer(geometry, distance / metres_per_unit, quad_segs=BUFFER_SEGMENTS)
    return np.asarray(grown, dtype=object)
