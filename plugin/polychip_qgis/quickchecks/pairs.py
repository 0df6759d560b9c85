# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong between two features: overlaps and duplicates."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsGeometryEngine

from ..drawing.shapes import polygons_of
from ..translation import tr
from . import catalogue as ids
from .features import LEAST, Row
from .images import Plane
from .problem import Mark, Problem
from .rings import area_of, length_of, width_of
from .subject import Subject

NEAR_IOU = 0.9
"""Two polygons that share so much of their union are one, drawn twice."""


def between(
    row: Row, other: Row, engine: QgsGeometryEngine, subject: Subject, plane: Plane
) -> Problem | None:
    """What is wrong with a pair; `engine` is that of the first one's shape, prepared."""
    same = row.name == other.name
    alike = min(row.area, other.area) >= NEAR_IOU * max(row.area, other.area)
    if not alike and not (_matters(row, other, subject) if same else subject.semantic):
        return None
    if row.area == 0 or other.area == 0 or not engine.intersects(other.shape.constGet()):
        return None
    if not engine.contains(other.shape.constGet()) and not engine.relatePattern(
        other.shape.constGet(), "T********"
    ):
        return None
    common = polygons_of(row.shape.intersection(other.shape))
    parts = plane.flat(common)
    area = area_of(parts)
    if not (area > LEAST and width_of(area, length_of(parts)) > LEAST):
        return None
    first, second = (row, other) if age(row) <= age(other) else (other, row)
    if area / (row.area + other.area - area) >= NEAR_IOU:
        return _twice(first, second, area, common)
    if same and not _matters(row, other, subject):
        return None
    if not same and not subject.semantic:
        return None
    text = tr("shares {area} {unit}² with {other}").format(
        area=f"{area:.3g}", unit=plane.unit, other=second.title
    )
    if same:
        known = subject.classes.get(row.name or "")
        stuff = known is not None and not known.thing
        severity = ids.INFO if stuff else ids.WARNING
        return _pair(ids.OVERLAP, first, second, text, f"{area:.3g}", common, severity)
    text += f" ({first.name} / {second.name})"
    return _pair(ids.OVERLAP_CLASSES, first, second, text, f"{area:.3g}", common, ids.INFO)


def age(row: Row) -> tuple[bool, int, int]:
    """Older first: saved before unsaved, then by number."""
    return (row.fid < 0, abs(row.fid), row.fid)


def _matters(row: Row, other: Row, subject: Subject) -> bool:
    """Whether an overlap within a class is one: ignored polygons, and an object's parts, may."""
    known = subject.classes.get(row.name or "")
    if known is not None and known.ignored:
        return False
    return row.instance is None or row.instance != other.instance


def _twice(first: Row, second: Row, area: float, common: QgsGeometry) -> Problem:
    if first.shape.isGeosEqual(second.shape):
        alike = first.name == second.name
        text = tr("is the same polygon as {other}").format(other=first.title)
        if not alike:
            text += tr(", with another class")
        return _pair(
            ids.DUPLICATE, second, first, text, f"{area:.3g}", common, ids.ERROR, fixable=alike
        )
    share = area / (first.area + second.area - area)
    text = tr("shares {share} with {other}").format(share=f"{share:.0%}", other=second.title)
    return _pair(ids.NEAR_DUPLICATE, first, second, text, f"{area:.3g}", common, ids.WARNING)


def _pair(
    check: str,
    row: Row,
    other: Row,
    text: str,
    measure: str,
    where: QgsGeometry,
    severity: str,
    fixable: bool = False,
) -> Problem:
    mark = Mark(check, row.key, other.key, measure)
    return Problem(mark, severity, text, where, row.fid, other.fid, fixable, row.title)
