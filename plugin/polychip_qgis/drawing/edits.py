# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of a label layer; each is one step of undo, none is ever committed here."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from qgis.core import (
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPointXY,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime

from ..translation import tr
from . import shapes
from .names import (
    ANNOTATOR,
    CARRIED,
    CHANGED,
    CLASS,
    CREATED,
    INSTANCE,
    OK,
    SOURCE,
    STATUS,
    TOOL,
    UUID,
)


class EditRefused(Exception):
    """Nothing was changed; the text says why."""


class Stroke(NamedTuple):
    """A polygon as it was drawn, and how it shall be taken."""

    shape: QgsGeometry
    """In the layer's CRS."""
    class_name: str
    rule: str
    """One of shapes.RULES."""
    extends: bool
    """Whether it dissolves into what it overlaps of its own class."""
    tool: str
    annotator: str
    source: str
    status: str = OK


class LabelEditor:
    """Edits of one layer."""

    def __init__(self, layer: QgsVectorLayer, next_id: Callable[[], int]) -> None:
        self.layer = layer
        self._next_id = next_id
        fields = layer.fields()
        self._at = {field.name(): fields.lookupField(field.name()) for field in fields}

    # --- drawing

    def draw(self, stroke: Stroke) -> int:
        """Take in a polygon; returns the id of the feature that it is in now."""
        shape = shapes.polygons_of(stroke.shape)
        if shape.isEmpty():
            raise EditRefused(tr("The polygon has no area."))
        near = self._near(shape.boundingBox())
        own, others = {}, {}
        for fid, feature in near.items():
            same = stroke.extends and feature[CLASS] == stroke.class_name
            (own if same else others)[fid] = feature.geometry()
        changed = shapes.RULES[stroke.rule](shape, others)
        grown = shapes.overlapping(changed.new, own)
        with self._step(tr("Draw {class_name}").format(class_name=stroke.class_name)):
            self._apply(changed.old)
            if not grown:
                return self._add(changed.new, stroke)
            keeper = min(grown, key=lambda fid: self._rank(near[fid]))
            whole = shapes.union([changed.new, *grown.values()])
            self._reshape(keeper, whole)
            for fid in grown:
                if fid != keeper:
                    self.layer.deleteFeature(fid)
            return keeper

    def take_over(self, strokes: Iterable[Stroke], title: str) -> list[int | None]:
        """Polygons that somebody else has drawn, in one step; what is there is never changed.

        Under 'overlap' they lie over what is there, else they stop at it, and those of which
        nothing is left are left out. Returns the id of each stroke's new feature, or None.
        """
        made: list[int | None] = []
        with self._step(title):
            for stroke in strokes:
                shape = shapes.polygons_of(stroke.shape)
                if stroke.rule != "overlap" and not shape.isEmpty():
                    near = self._near(shape.boundingBox())
                    old = {fid: feature.geometry() for fid, feature in near.items()}
                    shape = shapes.outside(shape, old)
                made.append(None if shape.isEmpty() else self._add(shape, stroke))
        return made

    def fill_rest(self, cell: QgsGeometry, stroke: Stroke) -> int:
        """A polygon of what no polygon of the cell covers; `stroke.shape` is the cell itself."""
        near = self._near(cell.boundingBox())
        rest = shapes.rest_of(shapes.polygons_of(cell), (f.geometry() for f in near.values()))
        if rest.area() <= shapes.SLIVER * cell.area():
            raise EditRefused(tr("The cell is full: nothing is left to fill."))
        with self._step(tr("Fill the rest of the cell")):
            return self._add(rest, stroke)

    def cut_hole(self, hole: QgsGeometry, fids: Iterable[int] = ()) -> int:
        """Cut a shape out of the polygons below it, or of those that are selected."""
        shape = shapes.polygons_of(hole)
        if shape.isEmpty():
            raise EditRefused(tr("The hole has no area."))
        near = self._near(shape.boundingBox())
        wanted = set(fids)
        below = {
            fid: feature.geometry() for fid, feature in near.items() if not wanted or fid in wanted
        }
        met = shapes.overlapping(shape, below)
        if not met:
            raise EditRefused(tr("There is no polygon below the hole."))
        with self._step(tr("Cut a hole")):
            self._apply({fid: shapes.with_hole(old, shape) for fid, old in met.items()})
        return len(met)

    def split(self, line: Sequence[QgsPointXY], fids: Iterable[int] = ()) -> int:
        """Split what the line crosses; the largest piece keeps the id. Returns new pieces."""
        box = QgsGeometry.fromPolylineXY(list(line)).boundingBox()
        wanted = set(fids)
        pieces = {}
        for fid, feature in self._near(box).items():
            if wanted and fid not in wanted:
                continue
            made = shapes.split(feature.geometry(), line)
            if len(made) > 1:
                pieces[fid] = (feature, made)
        if not pieces:
            raise EditRefused(tr("The line crosses no polygon from side to side."))
        n_new = 0
        with self._step(tr("Split")):
            for fid, (feature, made) in pieces.items():
                self._reshape(fid, made[0])
                for piece in made[1:]:
                    self._add_like(feature, piece)
                    n_new += 1
        return n_new

    def merge(self, fids: Sequence[int]) -> int:
        """Make one object of several; it keeps the lowest object id, class by the largest."""
        request = QgsFeatureRequest().setFilterFids(list(fids))
        features = {feature.id(): feature for feature in self.layer.getFeatures(request)}
        if len(features) < 2:
            raise EditRefused(tr("Select at least two polygons to merge."))
        keeper = min(features, key=lambda fid: self._rank(features[fid]))
        largest = max(features.values(), key=lambda feature: feature.geometry().area())
        whole = shapes.union(feature.geometry() for feature in features.values())
        with self._step(tr("Merge")):
            self._reshape(keeper, whole)
            self._set(features[keeper], CLASS, largest[CLASS])
            for fid in features:
                if fid != keeper:
                    self.layer.deleteFeature(fid)
        return keeper

    def mend(
        self,
        reshaped: Mapping[int, QgsGeometry],
        deleted: Collection[int],
        renumbered: Mapping[int, int],
    ) -> None:
        """New outlines, polygons to delete, new object ids; one step of undo."""
        with self._step(tr("Fix problems")):
            self._apply(dict(reshaped))
            for fid, number in renumbered.items():
                self._put(self.layer.getFeature(fid), INSTANCE, number)
            for fid in deleted:
                self.layer.deleteFeature(fid)

    # --- attributes

    def reclass(self, fids: Sequence[int], name: str) -> int:
        """Give polygons another class; returns how many were changed."""
        at = self._at
        request = QgsFeatureRequest().setFilterFids(list(fids))
        request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
        request.setSubsetOfAttributes([at[CLASS], at[STATUS], at[CHANGED]])
        features = [f for f in self.layer.getFeatures(request) if f[CLASS] != name]
        if not features:
            return 0
        now = QDateTime.currentDateTime()
        with self._step(tr("Class {class_name}").format(class_name=name)):
            for feature in features:
                self._put(feature, CLASS, name)
                self._put(feature, CHANGED, now)
                if feature[STATUS] == CARRIED:
                    self._put(feature, STATUS, OK)
        return len(features)

    def at_point(self, point: QgsPointXY) -> int | None:
        """The polygon at a point of the layer's CRS; the smallest where several lie."""
        place = QgsGeometry.fromPointXY(point)
        box = QgsRectangle(point.x(), point.y(), point.x(), point.y())
        found = [
            (feature.geometry().area(), fid)
            for fid, feature in self._near(box).items()
            if feature.geometry().contains(place)
        ]
        return min(found)[1] if found else None

    def inside(self, area: QgsGeometry) -> list[int]:
        """Polygons whose middle lies in an area."""
        return [
            fid
            for fid, feature in self._near(area.boundingBox()).items()
            if area.contains(feature.geometry().pointOnSurface())
        ]

    def shapes_near(self, box: QgsRectangle) -> list[QgsGeometry]:
        """The polygons whose boxes meet a box."""
        return [feature.geometry() for feature in self._near(box).values()]

    def shapes_of(self, fids: Iterable[int]) -> list[QgsGeometry]:
        """The polygons of these ids that are there."""
        request = QgsFeatureRequest().setFilterFids(list(fids)).setSubsetOfAttributes([])
        found = self.layer.getFeatures(request)
        return [QgsGeometry(feature.geometry()) for feature in found if feature.hasGeometry()]

    # --- parts

    @contextlib.contextmanager
    def _step(self, title: str) -> Iterator[None]:
        if not self.layer.isEditable():
            raise EditRefused(tr("Turn editing on first."))
        self.layer.beginEditCommand(title)
        try:
            yield
        except BaseException:
            self.layer.destroyEditCommand()
            raise
        self.layer.endEditCommand()
        self.layer.triggerRepaint()

    def _near(self, box: QgsRectangle) -> dict[int, QgsFeature]:
        around = QgsRectangle(box)
        around.grow(1e-9 + 1e-9 * max(abs(box.xMaximum()), abs(box.yMaximum())))
        request = QgsFeatureRequest().setFilterRect(around)
        return {
            feature.id(): QgsFeature(feature)
            for feature in self.layer.getFeatures(request)
            if feature.hasGeometry()
        }

    def _rank(self, feature: QgsFeature) -> tuple[bool, int, int]:
        """Lowest object id first, those without one last."""
        number = feature[INSTANCE]
        known = isinstance(number, int)
        return (not known, number if known else 0, abs(feature.id()))

    def _apply(self, old: dict[int, QgsGeometry]) -> None:
        for fid, shape in old.items():
            if shape.isEmpty():
                self.layer.deleteFeature(fid)
            else:
                self._reshape(fid, shape)

    def _reshape(self, fid: int, shape: QgsGeometry) -> None:
        # Without QGIS's update of defaults, which reads the feature once more.
        if not self.layer.changeGeometry(fid, shape, True):
            raise EditRefused(tr("QGIS refused to change polygon {fid}.").format(fid=fid))
        feature = self.layer.getFeature(fid)
        self._put(feature, CHANGED, QDateTime.currentDateTime())
        if feature[STATUS] == CARRIED:
            self._put(feature, STATUS, OK)

    def _set(self, feature: QgsFeature, field: str, value: object) -> None:
        if feature[field] != value:
            self._put(feature, field, value)

    def _put(self, feature: QgsFeature, field: str, value: object) -> None:
        """With the old value, undoing a thousand takes 0.2 ms instead of 178."""
        index = self._at[field]
        if not self.layer.changeAttributeValue(feature.id(), index, value, feature[field], True):
            raise EditRefused(tr("QGIS refused to change polygon {fid}.").format(fid=feature.id()))

    def _add(self, shape: QgsGeometry, stroke: Stroke) -> int:
        now = QDateTime.currentDateTime()
        return self._insert(
            shape,
            {
                CLASS: stroke.class_name,
                INSTANCE: self._next_id(),
                UUID: str(uuid.uuid4()),
                STATUS: stroke.status,
                ANNOTATOR: stroke.annotator or None,
                CREATED: now,
                CHANGED: now,
                SOURCE: stroke.source or None,
                TOOL: stroke.tool,
            },
        )

    def _add_like(self, feature: QgsFeature, shape: QgsGeometry) -> int:
        """A piece of a polygon: all it had, but ids of its own."""
        key = set(self.layer.primaryKeyAttributes())
        names = [n for n, index in self._at.items() if index not in key]
        values = {name: feature[name] for name in names}
        values[INSTANCE], values[UUID] = self._next_id(), str(uuid.uuid4())
        values[CHANGED] = QDateTime.currentDateTime()
        return self._insert(shape, values)

    def _insert(self, shape: QgsGeometry, values: dict[str, object]) -> int:
        feature = QgsFeature(self.layer.fields())
        feature.setGeometry(shape)
        for name, value in values.items():
            feature.setAttribute(self._at[name], value)
        if not self.layer.addFeature(feature):
            raise EditRefused(tr("QGIS refused the new polygon."))
        return feature.id()
