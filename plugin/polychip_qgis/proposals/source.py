# SPDX-License-Identifier: GPL-2.0-or-later
"""The layer that proposals come from: its values as our classes, its polygons in our CRS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)

from ..drawing.adopt import AdoptError, check_source, class_value
from ..drawing.classes import ClassListError, LabelClass
from ..drawing.shapes import flat, polygons_of
from ..translation import tr

MAX_VALUES = 200
"""More different values than anybody maps to classes one by one."""


class Candidate(NamedTuple):
    """A polygon that may become a label."""

    fid: int
    """In the layer that it comes from."""
    shape: QgsGeometry
    """In the CRS of the labels, a valid MultiPolygon."""
    name: str
    """The class."""


def tool_of(layer_name: str) -> str:
    """What the field `tool` says of a label that comes from a layer."""
    return f"from:{layer_name}"


def values_in(layer: QgsVectorLayer, field: str) -> list[str]:
    """The values of a field as texts, sorted; without a field there is one, the empty text.

    Raises:
        AdoptError: there are too many to be classes.
    """
    if not field:
        return [""]
    check_source(layer, field)
    values = layer.uniqueValues(layer.fields().lookupField(field), MAX_VALUES + 1)
    if len(values) > MAX_VALUES:
        raise AdoptError(
            tr("“{field}” has more than {n} values; choose the field of the class.").format(
                field=field, n=MAX_VALUES
            )
        )
    texts = {class_value(value) for value in values}
    return sorted(text for text in texts if text is not None)


def mapping_of(
    layer: QgsVectorLayer,
    field: str,
    classes: Sequence[LabelClass],
    pairs: Mapping[str, str],
) -> dict[str, str]:
    """Value to class: as the pairs say, else the class of the same name; others are left out.

    Raises:
        ClassListError: a pair names no class of the project.
        AdoptError: the layer cannot be used.
    """
    names = {known.name for known in classes}
    alike = {name.casefold(): name for name in names}
    for value, name in pairs.items():
        if name and name not in names:
            raise ClassListError(
                tr("“{value}” shall be class “{name}”, which the project does not have: {known}").format(
                    value=value, name=name, known=", ".join(sorted(names))
                )
            )
    mapping = {}
    for value in values_in(layer, field):
        name = pairs.get(value, alike.get(value.casefold(), ""))
        if name:
            mapping[value] = name
    return mapping


def candidates(
    layer: QgsVectorLayer,
    field: str,
    mapping: Mapping[str, str],
    crs: QgsCoordinateReferenceSystem,
    box: QgsRectangle | None = None,
) -> Iterator[Candidate]:
    """The layer's polygons that have a class, in `crs`, those that meet `box` alone.

    Raises:
        AdoptError: the layer has no CRS, or no such field.
    """
    check_source(layer, field)
    context = QgsProject.instance().transformContext()
    transform = QgsCoordinateTransform(layer.crs(), crs, context)
    request = QgsFeatureRequest()
    if box is not None:
        request.setFilterRect(
            transform.transformBoundingBox(box, Qgis.TransformDirection.Reverse)
        )
    return _read(layer, field, mapping, request, transform)


def _read(
    layer: QgsVectorLayer,
    field: str,
    mapping: Mapping[str, str],
    request: QgsFeatureRequest,
    transform: QgsCoordinateTransform,
) -> Iterator[Candidate]:
    for feature in layer.getFeatures(request):
        value = class_value(feature[field]) if field else ""
        name = mapping.get(value) if value is not None else None
        if name is None:
            continue
        shape = flat(feature.geometry())
        shape.transform(transform)
        shape = polygons_of(shape)
        if not shape.isEmpty():
            yield Candidate(feature.id(), shape, name)
