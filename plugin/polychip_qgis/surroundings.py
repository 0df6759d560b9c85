# SPDX-License-Identifier: GPL-2.0-or-later
"""Features around one chip, as the engine's `preview` takes them: unsaved edits included."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsExpression,
    QgsFeature,
    QgsFeatureRequest,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt

from .snapshot import flat_multi, is_null

_MARGIN = 0.05
"""Of the chip's longer side: straight sides bend in another CRS."""


def box_of(
    corners: list[tuple[float, float]], crs: QgsCoordinateReferenceSystem, layer: QgsVectorLayer
) -> QgsRectangle:
    """The box around a chip in the layer's CRS."""
    box = QgsRectangle()
    box.setMinimal()
    for x, y in corners:
        box.combineExtentWith(QgsPointXY(x, y))
    box.grow(_MARGIN * max(box.width(), box.height()))
    return QgsCoordinateTransform(crs, layer.crs(), QgsProject.instance()).transformBoundingBox(box)


def features_around(
    layer: QgsVectorLayer, box: QgsRectangle, class_field: str, instance_field: str
) -> list[dict[str, Any]]:
    """Each feature whose box cuts this one, and all others of the same instances.

    Args:
        box: in the layer's CRS.
        instance_field: '' when every feature is an object of its own.
    """
    class_index = layer.fields().lookupField(class_field)
    instance_index = layer.fields().lookupField(instance_field) if instance_field else -1
    wanted = [index for index in (class_index, instance_index) if index >= 0]
    near = QgsFeatureRequest().setFilterRect(box).setSubsetOfAttributes(wanted)
    found = {feature.id(): feature for feature in layer.getFeatures(near)}
    if instance_index >= 0:
        for feature in _same_instances(layer, instance_field, wanted, found):
            found.setdefault(feature.id(), feature)
    return [
        {
            "id": feature.id(),
            "class": _plain(feature, class_index),
            "instance": _plain(feature, instance_index),
            "wkb": _wkb(feature),
        }
        for feature in found.values()
    ]


def shapes_around(layer: QgsVectorLayer, box: QgsRectangle) -> list[dict[str, Any]]:
    """The same of a layer that says what was looked at: geometries alone."""
    request = QgsFeatureRequest().setFilterRect(box).setNoAttributes()
    return [{"id": f.id(), "wkb": _wkb(f)} for f in layer.getFeatures(request)]


def _same_instances(
    layer: QgsVectorLayer, field: str, wanted: list[int], found: dict[int, QgsFeature]
) -> Iterator[QgsFeature]:
    values = {feature[field] for feature in found.values() if not is_null(feature[field])}
    if not values:
        return
    listed = ", ".join(QgsExpression.quotedValue(value) for value in sorted(values, key=str))
    request = QgsFeatureRequest().setSubsetOfAttributes(wanted)
    request.setFilterExpression(f"{QgsExpression.quotedColumnRef(field)} IN ({listed})")
    yield from layer.getFeatures(request)


def _plain(feature: QgsFeature, index: int) -> Any:
    value = feature.attributes()[index] if index >= 0 else None
    if is_null(value):
        return None
    if isinstance(value, (str, int, float)):
        return value
    if hasattr(value, "toString"):
        return value.toString(Qt.DateFormat.ISODate)
    return str(value)


def _wkb(feature: QgsFeature) -> Any:
    if not feature.hasGeometry():
        return None
    return base64.b64encode(bytes(flat_multi(feature.geometry()).asWkb())).decode("ascii")
