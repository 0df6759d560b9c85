"""Where on the ground, in the labels' CRS, an image lies; labels that reach far beyond are cut."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.crs import Operation, is_geographic
from polychip.errors import InputError
from polychip.grid import Grid, Window

Box = tuple[float, float, float, float]
_WHOLE_TURN = 360.0
_FARTHEST = 30.0
"""Labels are not followed farther than this many footprints away on the grid."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where on the ground, in the labels' CRS, a padded grid lies."""

    grid: Grid
    window: Window
    """The padded extent in the grid's pixels."""
    operation: Operation
    """Labels' CRS to the grid's."""
    bounds: Box
    """(west, south, east, north) in the labels' CRS; may reach beyond ±180 degrees."""
    wraps: bool
    """Whether the bounds are degrees and leave −180…180: labels appear shifted by 360."""
    clip_box: Box
    """Where labels that reach further are cut: one footprint away on each side, or less where the
    grid's CRS ends before that."""
    unrolled: tuple[float, float, float] | None = None
    """(longitude, the grid's x there, what 360 degrees add to x), where the footprint wraps and the
    CRS's x goes on beyond its antimeridian (Mercator and the like)."""
    shift_px: tuple[float, float] = (0.0, 0.0)
    """What is added to pixel coordinates: labels that are known to lie beside the image."""

    def read_boxes(self) -> list[Box]:
        """The boxes to read labels from; several where the footprint crosses the antimeridian."""
        west, south, east, north = self.bounds
        if not self.wraps:
            return [self.bounds]
        boxes = [self.bounds]  # also labels that were drawn past ±180 degrees
        for shift in (-360.0, 0.0, 360.0):
            left, right = max(west - shift, -180.0), min(east - shift, 180.0)
            if left <= right:
                boxes.append((left, south, right, north))
        return boxes


def footprint(grid: Grid, window: Window, operation: Operation, labels_crs: str) -> Footprint:
    """The padded window's place in the labels' CRS.

    Raises:
        InputError: the window has no place there (outside the CRS's domain).
    """
    degrees = is_geographic(labels_crs)
    for part in (window, grid.window):  # padding may lie where there is no more ground
        inner = _bounds_of(grid, part, operation, degrees=degrees)
        if inner is not None and not (degrees and inner[2] - inner[0] > _WHOLE_TURN):
            break
    if inner is None:
        raise InputError(
            f"the image's footprint can't be expressed in the labels' CRS {operation.source}: "
            "labels and image lie far apart; check both CRSs, or reproject the labels"
        )
    west, _, east, _ = inner
    slack = 1e-9 * max(1.0, abs(east), abs(west))
    wraps = degrees and (west < -180.0 - slack or east > 180.0 + slack)
    bounds = _grown(inner, 0.02, degrees=degrees)  # curved sides bulge between the samples
    clip = _clip_box(inner, operation, grid.corners(part), degrees=degrees)
    unrolled = _unrolled(operation, grid.corners(part), inner) if wraps else None
    return Footprint(grid, window, operation, bounds, wraps, clip, unrolled)


def _bounds_of(grid: Grid, window: Window, operation: Operation, *, degrees: bool) -> Box | None:
    """A window's bounds in the labels' CRS; None where it leaves that CRS.

    Degrees go on beyond ±180 where the window lies across the antimeridian.
    """
    outline = grid.outline(window)
    back = operation.inverse(outline[:, 0], outline[:, 1])
    if not np.isfinite(back).all():
        return None
    if not degrees or operation.is_identity:
        return ring_bounds(back)
    path = np.rad2deg(np.unwrap(np.deg2rad(np.append(back[:, 0], back[0, 0]))))
    around_pole = abs(path[-1] - path[0]) > _WHOLE_TURN / 2
    back[:, 0] = path[:-1] - _WHOLE_TURN * np.round(path[:-1].mean() / _WHOLE_TURN)
    west, south, east, north = ring_bounds(back)
    if not around_pole:
        return west, south, east, north
    return (-180.0, south, 180.0, 90.0) if south + north > 0 else (-180.0, -90.0, 180.0, north)


def _grown(box: Box, share: float, *, degrees: bool) -> Box:
    """The box with a margin of its longer side's share; never beyond the poles."""
    west, south, east, north = box
    margin = share * max(east - west, north - south)
    low, high = south - margin, north + margin
    if degrees:
        low, high = max(low, min(south, -90.0)), min(high, max(north, 90.0))
    return west - margin, low, east + margin, high


def _clip_box(
    bounds: Box, operation: Operation, corners: NDArray[np.float64], *, degrees: bool
) -> Box:
    """The largest box around the bounds, up to three times their size, that stays near on the grid.

    Around a pole, or in degrees around the whole Earth, that is less than three times.

    Args:
        corners: (4, 2) of the footprint in the grid's CRS.
    """
    middle, reach = corners.mean(axis=0), _FARTHEST * np.ptp(corners, axis=0).max()
    for share in (1.0, 0.3, 0.1, 0.02):
        west, south, east, north = box = _grown(bounds, share, degrees=degrees)
        x, y = np.meshgrid(np.linspace(west, east, 9), np.linspace(south, north, 9))
        away = np.abs(operation.forward(x.ravel(), y.ravel()) - middle)
        if np.isfinite(away).all() and away.max() <= reach:
            return box
    return bounds


def _unrolled(
    operation: Operation, corners: NDArray[np.float64], bounds: Box
) -> tuple[float, float, float] | None:
    """(longitude, x there, what 360 degrees add to x) in a CRS where each degree adds the same.

    Args:
        corners: (4, 2) of the footprint in the grid's CRS.
        bounds: of the same in degrees, which go on beyond ±180.
    """
    if operation.is_identity:
        return None
    west, south, east, north = bounds
    lon = np.arange(-180.0, 181.0, 10.0)
    xy = operation.forward(lon, np.full(len(lon), (south + north) / 2))
    step = np.diff(xy[:, 0])
    usual = float(np.median(step))
    one_jump = np.count_nonzero(~np.isclose(step, usual, rtol=1e-9)) <= 1
    if not (np.isfinite(xy).all() and one_jump and np.ptp(xy[:, 1]) <= 1e-6 * abs(usual)):
        return None
    middle = (west + east) / 2
    x, _ = operation.forward(np.array([middle]), np.array([(south + north) / 2]))[0]
    x += 36.0 * usual * np.round((corners[:, 0].mean() - x) / (36.0 * usual))
    return middle, float(x), 36.0 * usual


def clip_far(geometry: NDArray[np.object_], place: Footprint) -> NDArray[np.object_]:
    """The geometries, those that reach far beyond the footprint cut at its clip box.

    Where the footprint crosses the antimeridian, labels are first shifted by whole turns.
    """
    west, south, east, north = place.clip_box
    box = shapely.box(west, south, east, north)
    if place.wraps:
        return _clip_wrapped(geometry, box)
    bounds = shapely.bounds(geometry)
    far = (
        (bounds[:, 0] < west) | (bounds[:, 1] < south)
        | (bounds[:, 2] > east) | (bounds[:, 3] > north)
    )  # fmt: skip
    if not far.any():
        return geometry
    clipped = geometry.copy()
    clipped[far] = _polygons_only(shapely.intersection(geometry[far], box))
    return clipped


def _clip_wrapped(geometry: NDArray[np.object_], box: shapely.Geometry) -> NDArray[np.object_]:
    turned = [_turned(geometry, degrees) for degrees in (-360.0, 0.0, 360.0)]
    pieces = [np.asarray(shapely.intersection(shapes, box), dtype=object) for shapes in turned]
    return _polygons_only(np.asarray(shapely.union_all(np.stack(pieces), axis=0), dtype=object))


def _turned(geometry: NDArray[np.object_], degrees: float) -> NDArray[np.object_]:
    def turn(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = xy + np.array([degrees, 0.0])
        return moved

    return np.asarray(shapely.transform(geometry, turn), dtype=object)


def _polygons_only(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons of intersections, which may also hold lines and points where edges touch."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    inner, inner_owner = shapely.get_parts(parts, return_index=True)
    keep = shapely.get_type_id(inner) == int(shapely.GeometryType.POLYGON)
    owner = owner[inner_owner][keep]
    out = np.full(len(geometry), None, dtype=object)
    found = np.unique(owner)
    if len(found):
        out[found] = shapely.multipolygons(inner[keep], indices=np.searchsorted(found, owner))
    return out


def ring_bounds(points: NDArray[np.float64]) -> Box:
    """(least x, least y, greatest x, greatest y) of points (n, 2)."""
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    return float(west), float(south), float(east), float(north)
