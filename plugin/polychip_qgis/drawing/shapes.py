# SPDX-License-Identifier: GPL-2.0-or-later
"""What the drawing rules do to shapes; pure: geometries in, geometries out, no layer.

All geometries are in one CRS. Results are flat MultiPolygons, empty when nothing is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qgis.core import QgsGeometry, QgsWkbTypes

SLIVER = 1e-9
"""Parts smaller than this share of the whole are crumbs of rounding, not somebody's drawing."""


class Changed(NamedTuple):
    """What a new polygon makes of itself and of the polygons that were there."""

    new: QgsGeometry
    """Empty: nothing is left of it."""
    old: dict[int, QgsGeometry]
    """New shapes by feature id; empty: the polygon is gone. Unchanged ones are left out."""


def polygons_of(geometry: QgsGeometry) -> QgsGeometry:
    """A valid MultiPolygon of the parts that have an area."""
    valid = _valid(geometry)
    parts = [
        part
        for part in valid.asGeometryCollection()
        if part.type() == QgsWkbTypes.GeometryType.PolygonGeometry and part.area() > 0
    ]
    whole = sum(part.area() for part in parts)
    result = QgsGeometry.collectGeometry([p for p in parts if p.area() > SLIVER * whole])
    if result.isNull():
        return QgsGeometry.fromWkt("MultiPolygon EMPTY")
    result.convertToMultiType()
    return result


def _valid(geometry: QgsGeometry) -> QgsGeometry:
    return geometry if geometry.isGeosValid() else geometry.makeValid()


def flat(geometry: QgsGeometry) -> QgsGeometry:
    """A copy without Z, M and curves."""
    copy = QgsGeometry(geometry)
    if copy.isNull():
        return QgsGeometry.fromWkt("MultiPolygon EMPTY")
    if QgsWkbTypes.isCurvedType(copy.wkbType()):
        copy = QgsGeometry(copy.constGet().segmentize())
    shape = copy.get()
    shape.dropZValue()
    shape.dropMValue()
    return copy


def union(geometries: Iterable[QgsGeometry]) -> QgsGeometry:
    """All of them as one."""
    parts = [_valid(geometry) for geometry in geometries if not geometry.isEmpty()]
    return polygons_of(QgsGeometry.unaryUnion(parts)) if parts else polygons_of(QgsGeometry())


def overlap_area(one: QgsGeometry, other: QgsGeometry) -> float:
    """Area of what both cover; 0 for neighbours that share an edge."""
    if not one.boundingBox().intersects(other.boundingBox()):
        return 0.0
    return polygons_of(one.intersection(other)).area()


def overlapping(new: QgsGeometry, old: dict[int, QgsGeometry]) -> dict[int, QgsGeometry]:
    """Those that share ground with the new one, repaired; touching is not enough."""
    floor = SLIVER * new.area()
    box = new.boundingBox()
    near = {fid: _valid(shape) for fid, shape in old.items() if shape.boundingBox().intersects(box)}
    return {fid: shape for fid, shape in near.items() if overlap_area(new, shape) > floor}


def outside(new: QgsGeometry, old: dict[int, QgsGeometry]) -> QgsGeometry:
    """What of the new polygon no old one covers; crumbs are nothing."""
    met = overlapping(new, old)
    left = polygons_of(new.difference(union(met.values()))) if met else polygons_of(new)
    return left if left.area() > SLIVER * new.area() else polygons_of(QgsGeometry())


def give_way(new: QgsGeometry, old: dict[int, QgsGeometry]) -> Changed:
    """The new polygon stops at the old ones.

    One that lies wholly inside old ones can only be meant as an island: it takes its ground.
    """
    left = outside(new, old)
    return take_ground(new, old) if left.isEmpty() else Changed(left, {})


def take_ground(new: QgsGeometry, old: dict[int, QgsGeometry]) -> Changed:
    """The new polygon is cut out of the old ones; those that it covers wholly are gone."""
    shape = polygons_of(new)
    cut = {
        fid: polygons_of(other.difference(shape)) for fid, other in overlapping(new, old).items()
    }
    return Changed(shape, cut)


def lie_over(new: QgsGeometry, old: dict[int, QgsGeometry]) -> Changed:  # noqa: ARG001
    """Both stay; where they overlap, the order of the classes decides when masks are burned."""
    return Changed(polygons_of(new), {})


RULES = {"overlap": lie_over, "give_way": give_way, "take_ground": take_ground}


def with_hole(shape: QgsGeometry, hole: QgsGeometry) -> QgsGeometry:
    """The shape without the hole."""
    return polygons_of(shape.difference(polygons_of(hole)))


def split(shape: QgsGeometry, line: Sequence[object]) -> list[QgsGeometry]:
    """The pieces on the sides of a line of QgsPointXY, largest first; one when it does not cross.

    Every polygon of the shape is split; pieces that the line did not make stay with the largest.
    """
    pieces: list[QgsGeometry] = []
    whole: list[QgsGeometry] = []
    cutter = QgsGeometry.fromPolylineXY(list(line))
    for part in shape.asGeometryCollection():
        made = _parted(part, cutter)
        (pieces if len(made) > 1 else whole).extend(made)
    if not pieces:
        return [polygons_of(shape)]
    pieces.sort(key=lambda piece: -piece.area())
    return [union([pieces[0], *whole]), *(polygons_of(piece) for piece in pieces[1:])]


def _parted(polygon: QgsGeometry, cutter: QgsGeometry) -> list[QgsGeometry]:
    """The faces of the polygon's boundary noded with the line that lie inside it."""
    boundary = QgsGeometry(polygon.constGet().boundary())
    noded = QgsGeometry.unaryUnion([boundary, cutter])
    faces = QgsGeometry.polygonize([noded]).asGeometryCollection()
    inside = [face for face in faces if polygon.contains(face.pointOnSurface())]
    return inside if len(inside) > 1 else [polygon]


def rest_of(cell: QgsGeometry, taken: Iterable[QgsGeometry]) -> QgsGeometry:
    """What of the cell no polygon covers."""
    covered = union(taken)
    return polygons_of(cell if covered.isEmpty() else cell.difference(covered))
