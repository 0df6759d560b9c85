"""The grid that a scene's layers are brought onto, and its place in a layer's CRS."""

import math
from dataclasses import dataclass, replace

from polychip.crs import (
    METRES_PER_DEGREE,
    Operation,
    choose_operation,
    is_geographic,
    lonlat_bounds,
    unit_in_metres,
)
from polychip.grid import Grid, Window
from polychip.labels.footprint import Footprint, footprint


@dataclass(frozen=True, slots=True)
class ScenePlace:
    """The grid that a scene's labels are brought onto."""

    name: str
    grid: Grid
    padded: Window
    """The image's pixels and all chips' padding."""
    allow_ballpark: bool = False

    @property
    def lonlat(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in degrees; NaN where that means nothing."""
        return lonlat_bounds(self.grid.crs_wkt, self.grid.outline(self.padded))

    @property
    def middle(self) -> tuple[float, float]:
        """(longitude, latitude) in degrees, also where the scene crosses the antimeridian."""
        west, south, east, north = self.lonlat
        return west + ((east - west) % 360.0) / 2, (south + north) / 2

    @property
    def pixel_m(self) -> float | None:
        """The shorter side of a pixel in metres, roughly; None for an unknown unit."""
        side = min(self.grid.pixel_size)
        if is_geographic(self.grid.crs_wkt):
            south, north = self.lonlat[1], self.lonlat[3]
            return side * METRES_PER_DEGREE * max(math.cos(math.radians((south + north) / 2)), 0.01)
        unit = unit_in_metres(self.grid.crs_wkt)
        return None if unit is None else side * unit


def place_layer(
    place: ScenePlace, crs_wkt: str, shift_px: tuple[float, float] | None = None
) -> tuple[Operation, Footprint]:
    """The operation from a layer's CRS to the scene's grid, and the scene's place in that CRS.

    Args:
        place: the scene.
        crs_wkt: of the layer.
        shift_px: by which the layer is moved on the grid.

    Raises:
        InputError: there is none, or only a ballpark one.
    """
    operation = choose_operation(
        crs_wkt, place.grid.crs_wkt, place.lonlat, allow_ballpark=place.allow_ballpark
    )
    if shift_px is None:
        return operation, footprint(place.grid, place.padded, operation, crs_wkt)
    columns, rows = (math.ceil(abs(part)) for part in shift_px)
    x, y, width, height = place.padded
    reach = Window(x - columns, y - rows, width + 2 * columns, height + 2 * rows)
    around = footprint(place.grid, reach, operation, crs_wkt)
    return operation, replace(around, window=place.padded, shift_px=shift_px)
