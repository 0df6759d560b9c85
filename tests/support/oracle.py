"""What each pixel should be, found without any of Polychip's own code: pyproj and shapely."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyproj
import shapely
from affine import Affine
from numpy.typing import NDArray

from support.labels import transformer
from support.rasters import Place

EDGE_PX = 0.05
"""Centres this close to an edge may fall either way where the CRSs differ."""
_STEP_PX = 0.25


def to_label_crs(
    where: Place, crs: str, x: NDArray[np.float64], y: NDArray[np.float64], pipeline: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of the grid's CRS in the labels' CRS; by a pipeline labels → grid if given."""
    if pipeline is not None:
        return pyproj.Transformer.from_pipeline(pipeline).transform(x, y, direction="INVERSE")
    if crs == where.crs:
        return x, y
    return transformer(where.crs, crs).transform(x, y)


def expected_codes(
    where: Place,
    polygons: Sequence[Any],
    codes: Sequence[int],
    crs: str,
    *,
    pipeline: str | None = None,
    wrap: bool = False,
) -> NDArray[np.int64]:
    """Class of each pixel's centre, 0 for none; later polygons lie over earlier ones.

    Args:
        polygons: in the labels' CRS.
        wrap: bring longitudes into −180 … 180, for labels cut there (RFC 7946).
    """
    x, y = to_label_crs(where, crs, *where.centres(), pipeline)
    if wrap:
        x = (x + 180.0) % 360.0 - 180.0
    codes_there = np.zeros(where.shape, dtype=np.int64)
    for polygon, code in zip(polygons, codes, strict=True):
        shapely.prepare(polygon)
        codes_there[shapely.contains_xy(polygon, x, y)] = code
    return codes_there


def far_from_edges(
    where: Place,
    polygons: Sequence[Any],
    crs: str,
    pixels: NDArray[np.bool_],
    *,
    pipeline: str | None = None,
    wrap: bool = False,
    limit_px: float = EDGE_PX,
) -> NDArray[np.int64]:
    """(n, 2) rows and columns of those `pixels` whose centres lie farther than that from all edges.

    The edges are followed in steps of about a quarter of a pixel around each asked pixel.
    """
    found = np.argwhere(pixels)
    if not len(found):
        return found
    lines = shapely.boundary(np.asarray(polygons, dtype=object))
    if wrap:
        lines = np.concatenate(
            (lines, shapely.transform(lines, lambda xy: np.add(xy, (360.0, 0.0))))
        )
    far = []
    for row, column in found:
        around = Place(
            where.crs,
            where.transform * Affine.translation(column - 2, row - 2),
            5,
            5,
        )
        x, y = to_label_crs(where, crs, *around.centres(), pipeline)
        if wrap:
            x = np.where(x < 0, x + 360.0, x)
        span = max(np.ptp(x), np.ptp(y))
        box = shapely.box(x.min() - span, y.min() - span, x.max() + span, y.max() + span)
        nearby = [line for line in shapely.intersection(lines, box) if not line.is_empty]
        if not nearby or _distance(where, nearby, crs, span, row, column, pipeline) > limit_px:
            far.append((row, column))
    return np.array(far, dtype=np.int64).reshape(-1, 2)


def _distance(
    where: Place,
    lines: Sequence[Any],
    crs: str,
    span: float,
    row: int,
    column: int,
    pipeline: str | None,
) -> float:
    """Least distance in pixels from a pixel's centre to lines in the labels' CRS."""
    fine = shapely.segmentize(np.asarray(lines, dtype=object), span / 5 * _STEP_PX)

    def to_pixels(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = xy.T
        if pipeline is not None:
            x, y = pyproj.Transformer.from_pipeline(pipeline).transform(x, y)
        elif crs != where.crs:
            x, y = transformer(crs, where.crs).transform(x, y)
        back = ~where.transform
        return np.column_stack((back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f))

    moved = shapely.transform(fine, to_pixels)
    return float(shapely.distance(moved, shapely.Point(column + 0.5, row + 0.5)).min())


def assert_equals_oracle(
    burned: NDArray[Any],
    where: Place,
    polygons: Sequence[Any],
    codes: Sequence[int],
    crs: str,
    *,
    pipeline: str | None = None,
    wrap: bool = False,
    known: NDArray[np.bool_] | None = None,
) -> None:
    """Each pixel is what the oracle says, but for centres within EDGE_PX of an edge.

    Args:
        known: pixels to compare; default all.
    """
    expected = expected_codes(where, polygons, codes, crs, pipeline=pipeline, wrap=wrap)
    wrong = burned != expected
    if known is not None:
        wrong &= known
    same = crs == where.crs and pipeline is None
    far = far_from_edges(
        where,
        polygons,
        crs,
        wrong,
        pipeline=pipeline,
        wrap=wrap,
        limit_px=1e-6 if same else EDGE_PX,
    )
    shown = [f"row {r}, column {c}: {burned[r, c]} instead of {expected[r, c]}" for r, c in far[:5]]
    assert not len(far), f"{len(far)} of {burned.size} pixels are wrong: {shown}"
    assert len(np.unique(expected)) > 1, "the case burns nothing: it can't fail"
