# SPDX-License-Identifier: GPL-2.0-or-later
"""What the Fix button does: only what needs nobody's judgement, in one step of undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from qgis.core import QgsGeometry

from ..drawing.shapes import flat, polygons_of
from . import catalogue as ids
from .checker import Checker
from .features import Row
from .images import Plane
from .pairs import age
from .problem import Problem
from .rings import cleaned, geometry_of, rings_of

_SHAPES = (ids.INVALID, ids.SELF_TOUCH, ids.DUPLICATE_VERTICES, ids.SPIKE)


class Mending(NamedTuple):
    """What changes."""

    reshaped: dict[int, QgsGeometry]
    deleted: list[int]
    renumbered: dict[int, int]
    """New object ids."""

    @property
    def n(self) -> int:
        """Features that change."""
        return len({*self.reshaped, *self.deleted, *self.renumbered})


def mend(problems: Sequence[Problem], checker: Checker, next_id: Callable[[], int]) -> Mending:
    """How the fixable ones among the problems are mended."""
    wanted = [problem for problem in problems if problem.fixable]
    deleted = {p.fid for p in wanted if p.check in (ids.DUPLICATE, ids.EMPTY)}
    reshaped: dict[int, QgsGeometry] = {}
    plane = checker.subject.plane()
    for fid in sorted({p.fid for p in wanted if p.check in _SHAPES} - deleted):
        row = checker.row(fid)
        checks = {p.check for p in wanted if p.fid == fid}
        shape = _mended(row, checks, plane)
        if shape.isEmpty():
            deleted.add(fid)
        elif not shape.equals(row.geometry):
            reshaped[fid] = shape
    renumbered: dict[int, int] = {}
    asked = {p.fid for p in wanted if p.check in (ids.SHARED, ids.TWO_CLASSES)}
    for instance in {checker.row(fid).instance for fid in asked}:
        members = [fid for fid in checker.members(instance) if fid not in deleted]
        oldest = min(members, key=lambda fid: age(checker.row(fid)), default=None)
        for fid in sorted(set(members) & asked):
            if len(asked & set(members)) > 1 and fid == oldest:
                continue  # one of them keeps the id
            if len(members) > 1:
                renumbered[fid] = next_id()
    return Mending(reshaped, sorted(deleted), renumbered)


def _mended(row: Row, checks: set[str], plane: Plane) -> QgsGeometry:
    shape = QgsGeometry(row.geometry)
    if checks & {ids.DUPLICATE_VERTICES, ids.SPIKE}:
        shape = geometry_of(cleaned(rings_of(flat(shape)), plane.flat(shape)))
    if checks & {ids.INVALID, ids.SELF_TOUCH} or not shape.isGeosValid():
        shape = polygons_of(shape)
    return shape
