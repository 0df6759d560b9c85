"""Coordinate reference systems by meaning, and the operation between two of them."""

import functools
import math
import warnings
from dataclasses import dataclass

import numpy as np
import pyproj
import pyproj.network
from numpy.typing import NDArray
from pyproj.enums import WktVersion
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import AreaOfInterest, Transformer, TransformerGroup

from polychip.errors import InputError

pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]

WGS84 = "EPSG:4326"
METRES_PER_DEGREE = 111_320.0
"""Of latitude, roughly: to compare pixel sizes, never to place anything."""
IDENTIFY_CONFIDENCE = 70
"""PROJ's confidence (percent) from which a CRS without a code is taken for its EPSG twin."""


@functools.lru_cache(maxsize=256)
def parse_crs(text: str) -> pyproj.CRS:
    """The CRS that a code, a PROJ string or WKT names.

    Raises:
        InputError: PROJ does not know it.
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except CRSError as error:
        raise InputError(
            f"'{text[:80]}' is not a coordinate reference system that PROJ knows ({error}); "
            "give a code such as EPSG:32630, or WKT"
        ) from error


@functools.lru_cache(maxsize=256)
def epsg_code(text: str) -> int | None:
    """The EPSG code of a CRS, also when its WKT doesn't carry one; None when there is none."""
    code = parse_crs(text).to_epsg(min_confidence=IDENTIFY_CONFIDENCE)
    return None if code is None else int(code)


@functools.lru_cache(maxsize=256)
def same_crs(a: str, b: str) -> bool:
    """Whether two CRSs mean the same, whatever their spelling or axis order."""
    if a == b:
        return True
    first, second = parse_crs(a), parse_crs(b)
    if first.equals(second, ignore_axis_order=True):
        return True
    code = epsg_code(a)
    return code is not None and code == epsg_code(b)


def crs_label(text: str) -> str:
    """A short name for messages: 'EPSG:32630', else the CRS's own name."""
    code = epsg_code(text)
    return f"EPSG:{code}" if code is not None else str(parse_crs(text).name)


def to_wkt(text: str) -> str:
    """WKT2 of any way to name a CRS."""
    return str(parse_crs(text).to_wkt(WktVersion.WKT2_2019))


def is_geographic(text: str) -> bool:
    """Whether coordinates are degrees of longitude and latitude."""
    return bool(parse_crs(text).is_geographic)


def unit_in_metres(text: str) -> float | None:
    """Length of the CRS's horizontal unit in metres; None for degrees."""
    crs = parse_crs(text)
    if crs.is_geographic or not crs.axis_info:
        return None
    return float(crs.axis_info[0].unit_conversion_factor)


def lonlat_bounds(crs: str, points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """(west, south, east, north) in degrees around points of a CRS.

    West > east where they lie on both sides of the antimeridian; NaN where the points have no
    place on Earth.

    Args:
        points: (n, 2).
    """
    try:
        to_degrees = Transformer.from_crs(parse_crs(crs), parse_crs(WGS84), always_xy=True)
    except ProjError:  # a CRS that is bound to no place, or a damaged one
        return math.nan, math.nan, math.nan, math.nan
    lon, lat = to_degrees.transform(points[:, 0], points[:, 1])
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return math.nan, math.nan, math.nan, math.nan
    turned = np.rad2deg(np.unwrap(np.deg2rad(lon)))
    west, east = (float((value + 180.0) % 360.0 - 180.0) for value in (turned.min(), turned.max()))
    if turned.max() - turned.min() >= 360.0:
        west, east = -180.0, 180.0
    return west, max(float(lat.min()), -90.0), east, min(float(lat.max()), 90.0)


@dataclass(frozen=True, slots=True)
class Operation:
    """The coordinate operation chosen between two CRSs, as the manifest tells it."""

    source: str
    target: str
    name: str
    """PROJ's description of the operation."""
    pipeline: str
    """The PROJ pipeline, longitude first; '' when the CRSs mean the same."""
    accuracy_m: float | None
    """PROJ's stated accuracy in metres; None when it states none."""
    ballpark: bool
    """Whether PROJ only guesses that the datums are the same."""

    @property
    def is_identity(self) -> bool:
        """Whether nothing has to be computed."""
        return not self.pipeline

    def forward(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Target coordinates of source coordinates, shape (n, 2); inf where undefined."""
        return self._apply(x, y, inverse=False)

    def inverse(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Source coordinates of target coordinates, shape (n, 2); inf where undefined."""
        return self._apply(x, y, inverse=True)

    def _apply(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, inverse: bool
    ) -> NDArray[np.float64]:
        if self.is_identity:
            return np.column_stack((x, y)).astype(np.float64)
        direction = pyproj.enums.TransformDirection("INVERSE" if inverse else "FORWARD")
        xs, ys = _transformer(self.pipeline).transform(x, y, direction=direction)
        return np.column_stack((xs, ys))


@functools.lru_cache(maxsize=64)
def _transformer(pipeline: str) -> Transformer:
    return Transformer.from_pipeline(pipeline)


def identity(crs: str) -> Operation:
    """The operation between two names of one CRS."""
    return Operation(crs, crs, "identity: the same CRS", "", 0.0, ballpark=False)


def choose_operation(
    source: str,
    target: str,
    area: tuple[float, float, float, float] | None = None,
    *,
    allow_ballpark: bool = False,
) -> Operation:
    """The most accurate operation that this machine can carry out, PROJ's network being off.

    Args:
        source: CRS of the labels.
        target: CRS of the grid.
        area: (west, south, east, north) in degrees, where the operation will be used.
        allow_ballpark: accept an operation that ignores the shift between the datums.

    Raises:
        InputError: there is no operation, or only a ballpark one and that isn't allowed.
    """
    if same_crs(source, target):
        return Operation(
            crs_label(source), crs_label(target), "identity: the same CRS", "", 0.0, ballpark=False
        )
    interest = AreaOfInterest(*area) if area and all(map(math.isfinite, area)) else None
    try:
        with warnings.catch_warnings():  # PROJ's own warning; accuracy_m and ballpark say it
            warnings.simplefilter("ignore", UserWarning)
            group = TransformerGroup(
                parse_crs(source), parse_crs(target), always_xy=True, area_of_interest=interest
            )
    except ProjError as error:
        raise _no_operation(source, target, str(error)) from error
    if not group.transformers:
        raise _no_operation(source, target, "PROJ offers no operation")
    best = group.transformers[0]
    name = str(best.description)
    ballpark = "ballpark" in name.lower()
    if ballpark and not allow_ballpark:
        raise _ballpark(source, target, group)
    accuracy = float(best.accuracy)
    return Operation(
        source=crs_label(source),
        target=crs_label(target),
        name=name,
        pipeline=str(best.definition),
        accuracy_m=accuracy if accuracy >= 0 else None,
        ballpark=ballpark,
    )


def _no_operation(source: str, target: str, why: str) -> InputError:
    return InputError(
        f"labels in {crs_label(source)} can't be transformed to the image's {crs_label(target)}: "
        f"{why}; reproject the labels with a tool that has the grids, or check both CRSs"
    )


def _ballpark(source: str, target: str, group: TransformerGroup) -> InputError:
    grids = sorted({g.short_name for op in group.unavailable_operations for g in op.grids})
    missing = f" (missing grids: {', '.join(grids[:4])})" if grids else ""
    return InputError(
        f"from {crs_label(source)} to {crs_label(target)} this machine has only a ballpark "
        f"transformation, which ignores the shift between the datums, often 100 m and more"
        f"{missing}; install the grids (projsync), reproject the labels elsewhere, or accept it "
        "with grid.allow_ballpark = true (--allow-ballpark)"
    )
