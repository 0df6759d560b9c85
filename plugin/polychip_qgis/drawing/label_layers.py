# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of a labelling project inside a QGIS project, and the classes that they know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsMapLayer,
    QgsProject,
    QgsVectorLayer,
)

from .classes import COLORS, LabelClass, in_palette_order
from .names import EXTENT, IGNORE_CODE, LABELS, ROLE, TASKS

CLASSES = "polychip/classes"
"""Custom property of the labels: the class list in order of priority, as JSON."""


class LabelLayers(NamedTuple):
    """What belongs together: layers of one GeoPackage."""

    labels: QgsVectorLayer
    tasks: QgsVectorLayer | None
    extent: QgsVectorLayer | None

    @property
    def geopackage(self) -> Path:
        """The file."""
        return file_of(self.labels)

    @property
    def all(self) -> list[QgsVectorLayer]:
        """Those that are there."""
        return [layer for layer in self if layer is not None]


def file_of(layer: QgsMapLayer) -> Path:
    """The file of a layer."""
    return Path(layer.source().split("|")[0])


def role_of(layer: QgsMapLayer | None) -> str:
    """'labels', 'extent', 'tasks', or '' for others."""
    return str(layer.customProperty(ROLE, "") or "") if isinstance(layer, QgsVectorLayer) else ""


def layers_around(layer: QgsVectorLayer, project: QgsProject) -> LabelLayers:
    """The labels with the other layers of their file that the project has."""
    file = file_of(layer)
    found: dict[str, QgsVectorLayer] = {}
    for known in project.mapLayers().values():
        role = role_of(known)
        if role and file_of(known) == file:
            found.setdefault(role, known)
    return LabelLayers(layer, found.get(TASKS), found.get(EXTENT))


def label_layers(project: QgsProject) -> list[QgsVectorLayer]:
    """All labels that the project has, in the order of the layer tree."""
    order = project.layerTreeRoot().layerOrder()
    return [layer for layer in order if role_of(layer) == LABELS]


def keep_classes(layer: QgsVectorLayer, classes: list[LabelClass]) -> None:
    """Write the class list into the layer, so that it travels with its style."""
    rows = [known._asdict() for known in classes]
    layer.setCustomProperty(CLASSES, json.dumps(rows, ensure_ascii=False))


def classes_of(layer: QgsVectorLayer) -> list[LabelClass]:
    """The classes in the palette's order, coloured as the renderer colours them now.

    Classes that somebody has added to the style are there too, behind the others.
    """
    try:
        rows = json.loads(layer.customProperty(CLASSES, "") or "[]")
        kept = {str(row["name"]): LabelClass(**row) for row in rows}
    except (ValueError, TypeError, KeyError):
        kept = {}
    shown: dict[str, str] = {}
    renderer = layer.renderer()
    if isinstance(renderer, QgsCategorizedSymbolRenderer):
        for category in renderer.categories():
            if category.value() not in (None, "") and isinstance(category.value(), str):
                shown[category.value()] = category.symbol().symbolLayer(0).strokeColor().name()
    taken = {known.code for known in kept.values()}
    free = (code for code in range(1, IGNORE_CODE) if code not in taken)
    classes = {
        name: known._replace(color=shown.get(name, known.color)) for name, known in kept.items()
    }
    for name, color in shown.items():
        if name not in classes:
            classes[name] = LabelClass(name, next(free, IGNORE_CODE), color or COLORS[0])
    return in_palette_order(classes.values())
