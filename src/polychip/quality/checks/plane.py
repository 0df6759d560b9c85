"""The flat plane that labels are measured in: the image's pixels, or metres without an image."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

from polychip.crs import (
    METRES_PER_DEGREE,
    Operation,
    choose_operation,
    is_geographic,
    lonlat_bounds,
    to_wkt,
    unit_in_metres,
)
from polychip.errors import InputError
from polychip.grid import Grid


@dataclass(frozen=True, slots=True)
class Plane:
    """Coordinates in which one unit is a pixel, or a metre where no pixel is known."""

    grid: Grid
    operation: Operation
    """From the labels' CRS to the grid's."""
    pixel_known: bool
    shift_px: tuple[float, float] = (0.0, 0.0)
    """By which the recipe moves the labels."""

    @property
    def unit(self) -> str:
        """'px' or 'm'."""
        return "px" if self.pixel_known else "m"

    @property
    def metres_per_unit(self) -> float:
        """Length of a unit in metres, roughly for degrees."""
        side = math.sqrt(abs(self.grid.transform.determinant))
        if not is_geographic(self.grid.crs_wkt):
            return side * (unit_in_metres(self.grid.crs_wkt) or 1.0)
        _, south, _, north = lonlat_bounds(self.grid.crs_wkt, self.grid.corners())
        return side * METRES_PER_DEGREE * math.sqrt(math.cos(math.radians((south + north) / 2)))

    def flat(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """Geometries of the labels' CRS, vertex by vertex; None where they have no place here."""
        moved = _moved(geometry, self._to_plane)
        bounds = shapely.bounds(moved)
        nowhere = ~np.isfinite(bounds).all(axis=1) & ~shapely.is_empty(geometry)
        moved[nowhere] = None
        return moved

    def back(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """Geometries of this plane in the labels' CRS."""
        return _moved(geometry, self._to_labels)

    def _to_plane(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        there = self.operation.forward(xy[:, 0], xy[:, 1])
        return self.grid.to_pixels(there[:, 0], there[:, 1]) + self.shift_px

    def _to_labels(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        there = self.grid.to_crs(xy[:, 0] - self.shift_px[0], xy[:, 1] - self.shift_px[1])
        return self.operation.inverse(there[:, 0], there[:, 1])


def _moved(geometry: NDArray[np.object_], move: Any) -> NDArray[np.object_]:
    """Geometries with other coordinates."""
    out = geometry.copy()
    some = ~shapely.is_missing(out)
    points = shapely.get_coordinates(out[some])
    if len(points):
        with np.errstate(invalid="ignore"):
            out[some] = shapely.set_coordinates(out[some], move(points))
    return out


def image_plane(
    labels_crs: str,
    grid: Grid,
    *,
    allow_ballpark: bool,
    shift_px: tuple[float, float] | None = None,
) -> Plane:
    """The pixels of an image, on which a recipe may move the labels.

    Raises:
        InputError: the labels can't be brought there.
    """
    area = lonlat_bounds(grid.crs_wkt, grid.outline())
    operation = choose_operation(labels_crs, grid.crs_wkt, area, allow_ballpark=allow_ballpark)
    return Plane(grid, operation, pixel_known=True, shift_px=shift_px or (0.0, 0.0))


def metre_plane(
    labels_crs: str, bounds: tuple[float, float, float, float] | None, pixel_m: float | None
) -> Plane:
    """A plane without an image: the labels' own CRS, or an equal-area one around them for degrees.

    Args:
        labels_crs: of the layer.
        bounds: of the layer; None when it is empty.
        pixel_m: side of the pixels that the labels are meant for, in metres.
    """
    side = pixel_m or 1.0
    if not is_geographic(labels_crs):
        unit = unit_in_metres(labels_crs)
        if unit is None:
            raise InputError("the labels' CRS has no unit of length; give --image")
        west, south, east, north = bounds or (0.0, 0.0, 1.0, 1.0)
        size = side / unit
        target, corner = to_wkt(labels_crs), (west, north)
        span = (east - west, north - south)
    else:
        west, south, east, north = bounds or (0.0, 0.0, 1.0, 1.0)
        middle = (south + north) / 2, (west + east) / 2
        target = to_wkt(f"+proj=laea +lat_0={middle[0]} +lon_0={middle[1]} +datum=WGS84 +units=m")
        size, corner = side, (0.0, 0.0)
        span = ((east - west) * METRES_PER_DEGREE, (north - south) * METRES_PER_DEGREE)
    transform = Affine(size, 0, corner[0], 0, -size, corner[1])
    width, height = (max(1, math.ceil(length / size)) for length in span)
    operation = choose_operation(labels_crs, target, allow_ballpark=True)
    return Plane(Grid(target, transform, height, width), operation, pixel_m is not None)
