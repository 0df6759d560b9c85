# SPDX-License-Identifier: GPL-2.0-or-later
"""All problems of a label layer, kept up to date feature by feature; knows no signals and no time.

A feature is looked at in steps, so that whoever drives it can stop between two of them. A change
of one feature looks at that feature and at the pairs that it is in; nothing else is touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from qgis.core import (
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsGeometryEngine,
    QgsSpatialIndex,
)

from ..drawing.names import DOING, DONE, SKIP, TODO
from ..translation import tr
from . import catalogue as ids
from .features import Row, find, nodata, row_of
from .pairs import between
from .problem import Mark, Problem
from .subject import Cell, Subject

NOT_DONE = (TODO, DOING, SKIP)


class Checker:
    """The problems of one subject."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._plane = subject.plane()
        self._rows: dict[int, Row] = {}
        self._index = QgsSpatialIndex()
        self._single: dict[int, list[Problem]] = {}
        self._dead: dict[int, Problem] = {}
        self._pairs: dict[int, dict[int, Problem]] = defaultdict(dict)
        self._members: dict[object, set[int]] = defaultdict(set)
        self._cells_of: dict[int, list[int]] = {}
        self._inside: dict[int, set[int]] = defaultdict(set)
        self.refresh_cells()

    # --- feeding

    def refresh_cells(self) -> None:
        """Read cells and extent anew: their statuses have changed."""
        self._cells: dict[int, Cell] = self.subject.cells()
        self._cell_index = QgsSpatialIndex()
        for fid, cell in self._cells.items():
            self._cell_index.addFeature(fid, cell.shape.boundingBox())
        self._engines: dict[int, QgsGeometryEngine] = {}
        self._looked_at = self.subject.looked_at()

    def fetch(self, fids: list[int]) -> dict[int, QgsFeature]:
        """Features as the layer has them now, unsaved edits included."""
        subject = self.subject
        names = [subject.class_field, subject.instance_field, subject.uuid_field]
        fields = subject.layer.fields()
        request = QgsFeatureRequest().setFilterFids(fids)
        request.setSubsetOfAttributes([fields.lookupField(name) for name in names if name])
        return {feature.id(): feature for feature in subject.layer.getFeatures(request)}

    def look(
        self, fid: int, feature: QgsFeature | None, waiting: Collection[int] = ()
    ) -> Iterator[None]:
        """Look at one feature (None: it is gone), in steps.

        `waiting` are features that will be looked at later: their pairs with this one wait too.
        """
        self.forget(fid)
        if feature is None:
            return
        row = row_of(fid, QgsGeometry(feature.geometry()), self._values(feature), self._plane)
        self._rows[fid] = row
        if row.instance is not None:
            self._members[row.instance].add(fid)
        self._single[fid] = list(find(row, self.subject, self._plane))
        if row.shape.isEmpty():
            return
        self._index.addFeature(fid, row.box)
        yield
        yield from self._look_at_pairs(row, waiting)
        self._find_cells(row)
        yield
        for found in nodata(row, self.subject):
            if found is not None:
                self._dead[fid] = found
            yield

    def forget(self, fid: int) -> None:
        """Take a feature out."""
        self._single.pop(fid, None)
        self._dead.pop(fid, None)
        for other in self._pairs.pop(fid, {}):
            self._pairs[other].pop(fid, None)
        for cell in self._cells_of.pop(fid, []):
            self._inside[cell].discard(fid)
        row = self._rows.pop(fid, None)
        if row is None:
            return
        if row.instance is not None:
            self._members[row.instance].discard(fid)
        if not row.shape.isEmpty():
            entry = QgsFeature(fid)
            entry.setGeometry(row.geometry)
            self._index.deleteFeature(entry)

    def look_at_all(self) -> Iterator[tuple[int, int]]:
        """Look at every feature of the layer; (looked at, all) after each step."""
        fids = sorted(self.subject.layer.allFeatureIds())
        waiting = set(fids)
        for start in range(0, len(fids), 200):
            batch = fids[start : start + 200]
            features = self.fetch(batch)
            for n, fid in enumerate(batch):
                waiting.discard(fid)
                for _ in self.look(fid, features.get(fid), waiting):
                    yield start + n, len(fids)
        yield len(fids), len(fids)

    # --- telling

    def problems(self) -> list[Problem]:
        """Everything that is known now, in no order."""
        found = [problem for several in self._single.values() for problem in several]
        found += self._dead.values()
        found += [
            problem
            for fid, others in self._pairs.items()
            for other, problem in others.items()
            if fid < other
        ]
        found += self._shared()
        found += self._cell_problems()
        return found

    def row(self, fid: int) -> Row | None:
        """A feature as the checks know it."""
        return self._rows.get(fid)

    def members(self, instance: object) -> list[int]:
        """The features that share an instance id."""
        return list(self._members.get(instance, ()))

    # --- parts

    def _values(self, feature: QgsFeature) -> tuple[str | None, object, str]:
        subject = self.subject
        name = _value(feature, subject.class_field)
        instance = _value(feature, subject.instance_field) if subject.instance_field else None
        uuid = _value(feature, subject.uuid_field) if subject.uuid_field else None
        return None if name in (None, "") else str(name), instance, str(uuid or "")

    def _look_at_pairs(self, row: Row, waiting: Collection[int]) -> Iterator[None]:
        near = [f for f in self._index.intersects(row.box) if f != row.fid and f not in waiting]
        if not near:
            return
        engine = QgsGeometry.createGeometryEngine(row.shape.constGet())
        engine.prepareGeometry()
        for other in near:
            problem = between(row, self._rows[other], engine, self.subject, self._plane)
            if problem is not None:
                self._pairs[row.fid][other] = self._pairs[other][row.fid] = problem
            yield

    def _find_cells(self, row: Row) -> None:
        met = []
        for fid in self._cell_index.intersects(row.box):
            engine = self._engines.get(fid)
            if engine is None:
                engine = QgsGeometry.createGeometryEngine(self._cells[fid].shape.constGet())
                engine.prepareGeometry()
                self._engines[fid] = engine
            shape = row.shape.constGet()
            # What only touches a cell lies in its neighbour.
            if engine.contains(shape) or (
                engine.intersects(shape) and engine.relatePattern(shape, "T********")
            ):
                met.append(fid)
                self._inside[fid].add(row.fid)
        self._cells_of[row.fid] = met

    def _shared(self) -> Iterator[Problem]:
        for instance, fids in self._members.items():
            if len(fids) < 2:
                continue
            rows = sorted((self._rows[fid] for fid in fids), key=lambda row: abs(row.fid))
            classes = sorted({row.name or "" for row in rows})
            check = ids.TWO_CLASSES if len(classes) > 1 else ids.SHARED
            text = tr("instance id {id} is that of {n} features").format(id=instance, n=len(rows))
            if len(classes) > 1:
                text += f" ({', '.join(classes)})"
            severity = ids.SEVERITY[check]
            for row in rows:
                mark = Mark(check, row.key, "", f"{instance}:{len(rows)}")
                yield Problem(mark, severity, text, row.geometry, row.fid, None, True, row.title)

    def _cell_problems(self) -> Iterator[Problem]:
        for fid, cell in self._cells.items():
            inside = self._inside.get(fid)
            if cell.status == DONE and not inside:
                text = tr("cell {cell} holds no label").format(cell=cell.name)
                mark = Mark(ids.EMPTY_CELL, cell.name, "", cell.status)
                yield Problem(mark, ids.INFO, text, cell.shape, None, title=cell.name)
            elif cell.status in NOT_DONE and inside and not self._was_looked_at(cell):
                text = tr("cell {cell} ({status}) holds labels: {n}").format(
                    cell=cell.name, status=cell.status, n=len(inside)
                )
                mark = Mark(ids.CELL_NOT_DONE, cell.name, "", cell.status)
                yield Problem(mark, ids.INFO, text, cell.shape, None, title=cell.name)

    def _was_looked_at(self, cell: Cell) -> bool:
        return not self._looked_at.isNull() and self._looked_at.contains(cell.shape)


def _value(feature: QgsFeature, field: str) -> object:
    value = feature[field]
    return None if value is None or (hasattr(value, "isNull") and value.isNull()) else value
