"""Where a chip lies in longitude and latitude, and how far all chips reach.

Source: RFC 7946, sections 3.1.6 (right-hand rule), 3.1.9 and 5.2 (antimeridian).
"""

import functools
import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import ProjError
from shapely.geometry.polygon import orient

from polychip.crs import WGS84, crs_label, parse_crs
from polychip.errors import FormatError
from polychip.formats.chip import SourceChip

Box = tuple[float, float, float, float]
"""(west, south, east, north) in degrees; west > east over the antimeridian."""
_STEPS = 4
"""Straight pieces of each side: sides bend on their way to degrees."""
_DECIMALS = 9
"""Of a degree: a tenth of a millimetre."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A chip's outline on the Earth."""

    geometry: dict[str, Any]
    """GeoJSON, counter-clockwise; in two parts over the antimeridian."""
    box: Box


def outline(chip: SourceChip, box_px: tuple[int, int, int, int] | None = None) -> Outline:
    """The outline of a chip, padding included, or of a box in it.

    Args:
        chip: the chip.
        box_px: x, y, width, height in chip pixels.

    Raises:
        FormatError: its CRS has no place on Earth, or the chip lies around a pole.
    """
    left, top, width, height = box_px or (0, 0, *reversed(chip.shape))
    right, bottom = left + width, top + height
    ring = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
    corners = np.array(ring, dtype=float)
    share = np.arange(_STEPS)[:, None] / _STEPS
    sides = [a + (b - a) * share for a, b in itertools.pairwise(corners)]
    points = np.concatenate((*sides, corners[-1:]))
    t = chip.transform
    x = t.a * points[:, 0] + t.b * points[:, 1] + t.c
    y = t.d * points[:, 0] + t.e * points[:, 1] + t.f
    try:
        lon, lat = _to_degrees(chip.crs_wkt).transform(x, y)
    except ProjError as error:
        raise _nowhere(chip) from error
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise _nowhere(chip)
    lon = np.rad2deg(np.unwrap(np.deg2rad(lon)))
    if abs(lon[-1] - lon[0]) > 1.0:
        raise chip.refused(
            "it lies around a pole, where longitude and latitude hold no outline",
            "leave the chip out (an extent), or choose a format without places",
        )
    return _outline(shapely.Polygon(np.column_stack((lon, lat)).round(_DECIMALS)))


def _outline(whole: shapely.Polygon) -> Outline:
    west, south, east, north = whole.bounds
    turn = -360.0 * math.floor((west + 180.0) / 360.0)
    west, east = round(west + turn, _DECIMALS), round(east + turn, _DECIMALS)
    whole = _turned(whole, turn)
    if east <= 180.0:
        return Outline(_geojson(whole), (west, south, east, north))
    sides = [
        whole.intersection(shapely.box(-180.0, -90.0, 180.0, 90.0)),
        _turned(whole.intersection(shapely.box(180.0, -90.0, 540.0, 90.0)), -360.0),
    ]
    parts = [part for side in sides for part in shapely.get_parts(side).tolist()]
    geometry = {
        "type": "MultiPolygon",
        "coordinates": [_geojson(part)["coordinates"] for part in parts],
    }
    return Outline(geometry, (west, south, round(east - 360.0, _DECIMALS), north))


def _turned(geometry: Any, degrees: float) -> Any:
    """Moved east."""
    return shapely.transform(
        geometry, lambda points: (points + np.array([degrees, 0.0])).round(_DECIMALS)
    )


def _geojson(polygon: shapely.Polygon) -> dict[str, Any]:
    """Its exterior counter-clockwise; outlines have no holes."""
    ring = shapely.get_coordinates(orient(polygon)).tolist()
    return {"type": "Polygon", "coordinates": [ring]}


@functools.lru_cache(maxsize=64)
def _to_degrees(crs_wkt: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(parse_crs(crs_wkt), parse_crs(WGS84), always_xy=True)


def _nowhere(chip: SourceChip) -> FormatError:
    return chip.refused(
        f"its grid ({crs_label(chip.crs_wkt)}) can't be told in longitude and latitude",
        "give the imagery a CRS with a place on Earth, or choose a format without places",
    )


class Reach:
    """The box around many boxes, the short way round the Earth."""

    def __init__(self) -> None:
        self._south, self._north = math.inf, -math.inf
        self._spans = [(math.inf, -math.inf), (math.inf, -math.inf)]

    def add(self, box: Box) -> None:
        """Take one more."""
        west, south, east, north = box
        self._south, self._north = min(self._south, south), max(self._north, north)
        over = west > east
        greenwich = (-180.0, 180.0) if over else (west, east)
        pacific = (west % 360.0, east % 360.0)
        if pacific[0] > pacific[1]:
            pacific = (0.0, 360.0)
        self._spans = [
            (min(span[0], more[0]), max(span[1], more[1]))
            for span, more in zip(self._spans, (greenwich, pacific), strict=True)
        ]

    def box(self) -> Box | None:
        """Around all of them; None without any."""
        if self._south > self._north:
            return None
        (west, east), (first, last) = self._spans
        if last - first < east - west and last > 180.0 > first:
            west, east = first, round(last - 360.0, _DECIMALS)
        return west, self._south, east, self._north
