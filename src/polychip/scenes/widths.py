"""Lines and points made into polygons: as wide as said, in metres on the ground."""

import math
from collections.abc import Sequence

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import AzimuthalEquidistantConversion

from polychip.crs import METRES_PER_DEGREE, choose_operation, parse_crs, to_wkt, unit_in_metres
from polychip.labels.footprint import Box, Footprint
from polychip.labels.geometry import buffer_metres

SCALE_TOLERANCE = 0.01
"""A projection whose metres are this close to those on the ground is measured in directly."""
STEP_M = 500.0
"""Lines are moved between CRSs in pieces of this length, which bend by less than a centimetre."""


def local_metric_crs(crs_wkt: str, lon: float, lat: float) -> str:
    """The CRS itself where its units are metres on the ground; else one around a point, same datum.

    Args:
        lon: middle of the scene, degrees.
        lat: the same.
    """
    crs = parse_crs(crs_wkt)
    if not crs.is_geographic and abs(_scale(crs, lon, lat) - 1.0) <= SCALE_TOLERANCE:
        return crs_wkt
    local = ProjectedCRS(
        AzimuthalEquidistantConversion(lat, lon),
        name=f"azimuthal equidistant around {lon:.4f}, {lat:.4f}",
        geodetic_crs=crs.geodetic_crs,
    )
    return to_wkt(local.to_wkt())


def _scale(crs: pyproj.CRS, lon: float, lat: float) -> float:
    """Units of the CRS, as metres, for a metre on the ground; the one that is farther from 1."""
    factors = pyproj.Proj(crs).get_factors(lon, lat)
    scales = (factors.tissot_semimajor, factors.tissot_semiminor)
    return float(max(scales, key=lambda scale: abs(scale - 1.0)))


def grown(boxes: Sequence[Box], reach_m: float, crs_wkt: str, lon: float, lat: float) -> list[Box]:
    """Boxes wide enough for what reaches into the image from outside."""
    unit = unit_in_metres(crs_wkt)
    if unit is not None:
        stretch = _scale(parse_crs(crs_wkt), lon, lat)
        dx = dy = 1.05 * reach_m * max(stretch, 1.0) / unit
    else:
        dy = 1.05 * reach_m / METRES_PER_DEGREE
        dx = dy / max(
            math.cos(math.radians(max(abs(box[i]) for box in boxes for i in (1, 3)))), 0.01
        )
    return [(box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy) for box in boxes]


def widened(
    geometry: NDArray[np.object_],
    distance_m: NDArray[np.float64],
    crs_wkt: str,
    around: Footprint,
    middle: tuple[float, float],
) -> tuple[NDArray[np.object_], str]:
    """Polygons `distance_m` wide to each side, and the CRS that they are in.

    Args:
        geometry: lines, points or polygons in the CRS.
        distance_m: an entry a feature.
        crs_wkt: the layer's.
        around: the scene's place in that CRS.
        middle: (lon, lat) of the scene.
    """
    metric = local_metric_crs(crs_wkt, *middle)
    if metric != crs_wkt:
        unit = unit_in_metres(crs_wkt)
        step = STEP_M / METRES_PER_DEGREE if unit is None else STEP_M / unit
        reach = float(distance_m.max(initial=0.0))
        [box] = grown([around.clip_box], reach, crs_wkt, *middle)
        near = _near(geometry, box, wraps=around.wraps)
        move = choose_operation(crs_wkt, metric)
        geometry = shapely.transform(
            shapely.segmentize(near, step), lambda xy: move.forward(xy[:, 0], xy[:, 1])
        )
    return buffer_metres(geometry, distance_m, unit_in_metres(metric) or 1.0), metric


def _near(geometry: NDArray[np.object_], box: Box, *, wraps: bool) -> NDArray[np.object_]:
    """What lies in a box; where it leaves ±180 degrees also a whole turn away."""
    turns = (-360.0, 0.0, 360.0) if wraps else (0.0,)
    areas = [shapely.box(box[0] + t, box[1], box[2] + t, box[3]) for t in turns]
    return np.asarray(shapely.intersection(geometry, shapely.union_all(areas)), dtype=object)
