# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with single features: outline, size, class, place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qgis.core import Qgis, QgsCsException, QgsGeometry, QgsPointXY, QgsRectangle

from ..drawing.shapes import polygons_of
from ..translation import tr
from . import catalogue as ids
from .images import Image, Plane
from .problem import Mark, Problem
from .rings import (
    SPIKE_AREA,
    Parts,
    area_of,
    geometry_of,
    holds_a_centre,
    length_of,
    n_repeated,
    repeated,
    rings_of,
    signed_area,
    spikes,
    width_of,
)
from .subject import Subject

LEAST = 0.01
"""Overlaps and overhangs narrower or smaller than this (pixels, or metres) are rounding."""
SLIVER_WIDTH_PX = 0.5
SLIVER_LENGTH = 8.0
"""A sliver is narrower than SLIVER_WIDTH_PX and this many times as long as wide."""
WHOLE = 0.99
"""Share of a polygon's pixels from which it is told that all of them are without data."""


class Row(NamedTuple):
    """A feature as the checks know it."""

    fid: int
    geometry: QgsGeometry
    """As it is; it may be null."""
    shape: QgsGeometry
    """The same made valid, for overlaps; empty for what has no area."""
    box: QgsRectangle
    name: str | None
    """The class."""
    instance: object
    """None: it has none."""
    key: str
    """uuid, or the feature's id."""
    area: float
    """Of the shape, in square units of the plane."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return str(self.fid if self.instance is None else self.instance)


def row_of(fid: int, geometry: QgsGeometry, values: tuple, plane: Plane) -> Row:
    """A feature made ready; `values` are class, instance and uuid."""
    name, instance, uuid = values
    shape = polygons_of(geometry) if not geometry.isNull() else polygons_of(QgsGeometry())
    try:
        area = area_of(plane.flat(shape))
    except QgsCsException:
        area = 0.0
    box = geometry.boundingBox() if not geometry.isNull() else QgsRectangle()
    return Row(fid, geometry, shape, box, name, instance, uuid or str(fid), area)


def find(row: Row, subject: Subject, plane: Plane) -> Iterator[Problem]:
    """All problems of one feature but those of data, which want reading."""
    yield from _class(row, subject)
    if row.shape.isEmpty():
        missing = row.geometry.isNull() or row.geometry.isEmpty()
        text = tr("has no geometry") if missing else tr("has no area")
        yield _problem(ids.EMPTY, row, text, "none" if missing else "area", fixable=True)
        return
    rings = rings_of(row.geometry)
    if not row.geometry.isGeosValid():
        yield _invalid(row, rings)
    try:
        measured = plane.flat(row.geometry)
    except QgsCsException:
        yield _problem(
            ids.OFF_IMAGE, row, tr("its coordinates have no place in the image's CRS"), "nowhere"
        )
        return
    yield from _vertices(row, rings, measured, plane)
    sliver = False
    if plane.pixel_known:
        for found in _sliver(row, plane):
            sliver = True
            yield found
    yield from _place(row, subject, plane, sliver)


def _problem(check: str, row: Row, text: str, measure: str, **more: object) -> Problem:
    severity = more.pop("severity", None) or ids.SEVERITY[check]
    where = more.pop("where", None)
    return Problem(
        Mark(check, row.key, "", measure), severity, text,
        row.geometry if where is None else where, row.fid, title=row.title, **more,
    )  # fmt: skip


def _class(row: Row, subject: Subject) -> Iterator[Problem]:
    if row.name is None:
        text = tr("no value in “{field}”").format(field=subject.class_field)
        yield _problem(ids.CLASS_MISSING, row, text, "")
    elif subject.classes and row.name not in subject.classes:
        text = tr("class “{name}” is not in the schema").format(name=row.name)
        yield _problem(ids.CLASS_UNKNOWN, row, text, row.name)


def _invalid(row: Row, rings: Parts) -> Problem:
    """The place is GEOS's; whether a ring only touches itself is told by its area."""
    errors = row.geometry.validateGeometry(Qgis.GeometryValidationEngine.Geos)
    error = errors[0] if errors else None
    text = error.what() if error is not None else tr("invalid geometry")
    located = error is not None and error.hasWhere()
    where = QgsGeometry.fromPointXY(QgsPointXY(error.where())) if located else None
    check = ids.SELF_TOUCH if _only_touches(rings) else ids.INVALID
    measure = f"{area_of(rings):.6g}"
    return _problem(check, row, text, measure, where=where, fixable=True)


def _only_touches(rings: Parts) -> bool:
    """Whether rings are invalid by themselves, and mending them changes no area."""
    bad = 0
    for ring in (ring for polygon in rings for ring in polygon):
        alone = geometry_of([[ring]])
        if alone.isGeosValid():
            continue
        bad += 1
        area = abs(signed_area(ring))
        if abs(area_of(rings_of(polygons_of(alone))) - area) > 1e-9 * area:
            return False
    return bad > 0


def _vertices(row: Row, rings: Parts, measured: Parts, plane: Plane) -> Iterator[Problem]:
    n_twice = n_repeated(measured)
    if n_twice:
        if n_twice == 1:
            text = tr("1 vertex lies on the one before")
        else:
            text = tr("{n} vertices lie on the one before").format(n=n_twice)
        where = _first_repeated(rings, measured)
        yield _problem(
            ids.DUPLICATE_VERTICES, row, text, str(n_twice), where=where, fixable=True
        )  # fmt: skip
    for spike in spikes(measured):
        text = tr("a needle of {length} {unit}").format(length=f"{spike.leg:.3g}", unit=plane.unit)
        at = rings[spike.part][spike.ring][spike.vertex]
        yield _problem(
            ids.SPIKE, row, text, f"{spike.leg:.3g}@{at[0]:.9g},{at[1]:.9g}",
            where=_point(at), fixable=spike.area <= SPIKE_AREA,
        )  # fmt: skip


def _first_repeated(rings: Parts, measured: Parts) -> QgsGeometry:
    for polygon, flat_polygon in zip(rings, measured):
        for ring, flat_ring in zip(polygon, flat_polygon):
            twice = repeated(flat_ring).nonzero()[0]
            if len(twice):
                return _point(ring[twice[0]])
    return QgsGeometry()


def _point(at: object) -> QgsGeometry:
    return QgsGeometry.fromPointXY(QgsPointXY(float(at[0]), float(at[1])))


def _sliver(row: Row, plane: Plane) -> Iterator[Problem]:
    around = length_of(plane.flat(row.shape))
    width, length = width_of(row.area, around), around / 2
    if width < SLIVER_WIDTH_PX and length > SLIVER_LENGTH * max(width, SLIVER_WIDTH_PX):
        text = tr("{width} px wide, {length} px long").format(
            width=f"{width:.2g}", length=f"{length:.3g}"
        )
        yield _problem(ids.SLIVER, row, text, f"{width:.2g}x{length:.3g}")


def _place(row: Row, subject: Subject, plane: Plane, sliver: bool) -> Iterator[Problem]:
    if not subject.images:
        return
    homes = [image for image in subject.images if _covers(image, row)]
    if not homes:
        yield from _beyond(row, subject, plane)
    elif not sliver and _may_be_tiny(row, plane):
        if not any(holds_a_centre(image.flat(row.shape)) for image in homes):
            text = tr("{area} square pixels, no pixel's centre").format(area=f"{row.area:.2g}")
            yield _problem(ids.TINY, row, text, f"{row.area:.2g}")


def _covers(image: Image, row: Row) -> bool:
    return image.box.contains(row.box) and image.outline.contains(row.shape)


def _may_be_tiny(row: Row, plane: Plane) -> bool:
    """A polygon without a pixel's centre is small, or nowhere as wide as a pixel."""
    return row.area < 4 or width_of(row.area, length_of(plane.flat(row.shape))) < 1


def _beyond(row: Row, subject: Subject, plane: Plane) -> Iterator[Problem]:
    outlines = [image.outline for image in subject.images]
    ground = outlines[0] if len(outlines) == 1 else QgsGeometry.unaryUnion(outlines)
    rest = polygons_of(row.shape.difference(ground))
    parts = plane.flat(rest)
    outside = area_of(parts)
    if not (outside > LEAST and width_of(outside, length_of(parts)) > LEAST):
        return
    if row.area - outside <= 1e-9 * row.area:
        yield _problem(ids.OFF_IMAGE, row, tr("touches no image"), "off")
        return
    share = outside / row.area
    text = tr("{share} of it is beyond the image").format(share=share_text(share))
    yield _problem(ids.BEYOND_IMAGE, row, text, f"{share:.4f}", where=rest)


def nodata(row: Row, subject: Subject) -> Iterator[Problem | None]:
    """The problem of pixels without data; None after each block that was read."""
    dead = 0
    for image in subject.images:
        if image.whole or row.shape.isEmpty() or not image.box.intersects(row.box):
            continue
        try:
            parts = image.flat(row.shape)
        except QgsCsException:
            continue
        for count in image.dead_pixels(parts):
            dead += count
            yield None
    if dead:
        share = min(1.0, dead / row.area) if row.area else 1.0
        whole = share > WHOLE
        text = tr("{n} of its pixels ({share}) hold no data").format(n=dead, share=share_text(share))
        yield _problem(
            ids.NODATA, row, text, str(dead), severity=ids.WARNING if whole else None
        )  # fmt: skip


def share_text(share: float) -> str:
    """A share of an area for people."""
    return f"{share:.1%}" if share >= 1e-3 else tr("less than 0.1%")
