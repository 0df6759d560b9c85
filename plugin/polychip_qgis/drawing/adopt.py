# SPDX-License-Identifier: GPL-2.0-or-later
"""Polygons to begin with: those of an existing layer, or of an earlier date's labels.

They are copied; the layer that they come from is not touched.
"""

from __future__ import annotations

import uuid
from typing import NamedTuple

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeatureRequest,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime, Qt

from ..translation import tr
from .classes import LabelClass, numbered
from .geopackage import LabelRow
from .names import (
    ANNOTATOR,
    CARRIED,
    CHANGED,
    CLASS,
    CONFIDENCE,
    CONFIDENCES,
    CREATED,
    INSTANCE,
    SOURCE,
    STATUS,
    TOOL,
    UUID,
)
from .shapes import flat, polygons_of


class AdoptError(Exception):
    """The layer cannot be adopted; the text says why and what to do."""


class Adopted(NamedTuple):
    """What is taken over from a layer."""

    rows: list[LabelRow]
    classes: list[LabelClass]
    """Classes of the project, those that only the layer has at the end."""
    n_without_area: int
    """Features left out, because they have no area."""
    n_without_class: int
    """Features left out, because their class field is empty."""


def adopt(
    layer: QgsVectorLayer,
    class_field: str,
    classes: list[LabelClass],
    crs: QgsCoordinateReferenceSystem,
) -> Adopted:
    """Copies of a layer's polygons, unsaved edits included, in the project's CRS.

    Object ids are kept where the layer has them and they differ, so that a new date names the same
    objects alike; status is 'carried' until somebody has looked.

    Raises:
        AdoptError: the layer has no CRS, or no such field.
    """
    check_source(layer, class_field)
    transform = QgsCoordinateTransform(layer.crs(), crs, QgsProject.instance().transformContext())
    rows, n_empty, n_unnamed = [], 0, 0
    names: dict[str, None] = {}
    numbers = _Numbers()
    for feature in layer.getFeatures(QgsFeatureRequest()):
        name = class_value(feature[class_field])
        if name is None:
            n_unnamed += 1
            continue
        geometry = flat(feature.geometry())
        geometry.transform(transform)
        geometry = polygons_of(geometry)
        if geometry.isEmpty():
            n_empty += 1
            continue
        names[name] = None
        values = _values(feature, name, numbers)
        rows.append(LabelRow(bytes(geometry.asWkb()), values))
    return Adopted(rows, with_classes(classes, names), n_empty, n_unnamed)


def check_source(layer: QgsVectorLayer, class_field: str) -> None:
    """Whether polygons can be taken from a layer; an empty `class_field` asks for none.

    Raises:
        AdoptError: the layer has no CRS, or no such field.
    """
    if not layer.crs().isValid():
        raise AdoptError(
            tr("“{name}” has no coordinate reference system; set it first.").format(
                name=layer.name()
            )
        )
    if class_field and layer.fields().lookupField(class_field) < 0:
        raise AdoptError(
            tr("“{name}” has no field “{field}”.").format(name=layer.name(), field=class_field)
        )


def class_value(value: object) -> str | None:
    """A value of the class field as text; None: it is empty."""
    if value in (None, "") or (hasattr(value, "isNull") and value.isNull()):
        return None
    return str(value)


def with_classes(classes: list[LabelClass], names: dict[str, None]) -> list[LabelClass]:
    """The classes, and behind them one for each name that is not among them."""
    known = {entry.name for entry in classes}
    more = [{"name": name} for name in sorted(names) if name not in known]
    return numbered([*(entry._asdict() for entry in classes), *more])


class _Numbers:
    """Object ids, each given once; ids that come again become new ones."""

    def __init__(self) -> None:
        self._given: set[int] = set()
        self._next = 1

    def give(self, wanted: object) -> int:
        """`wanted` when it is a free number, else the next one."""
        number = wanted if isinstance(wanted, int) and not isinstance(wanted, bool) else None
        if number is None or number < 1 or number in self._given:
            number = max(self._next, max(self._given, default=0) + 1)
        self._given.add(number)
        self._next = max(self._next, number + 1)
        return number


def _values(feature: QgsFeature, name: str, numbers: _Numbers) -> dict[str, object]:
    known = {field.name(): field.name() for field in feature.fields()}
    now = QDateTime.currentDateTimeUtc().toString(Qt.DateFormat.ISODate)

    def text(field: str) -> str | None:
        value = feature[field] if field in known else None
        return value if isinstance(value, str) and value else None

    confidence = text(CONFIDENCE)
    return {
        CLASS: name,
        INSTANCE: numbers.give(feature[INSTANCE] if INSTANCE in known else None),
        UUID: str(uuid.uuid4()),
        CONFIDENCE: confidence if confidence in CONFIDENCES else None,
        STATUS: CARRIED,
        ANNOTATOR: text(ANNOTATOR),
        CREATED: now,
        CHANGED: now,
        SOURCE: text(SOURCE),
        TOOL: "adopted",
    }
