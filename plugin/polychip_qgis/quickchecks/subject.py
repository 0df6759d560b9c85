# SPDX-License-Identifier: GPL-2.0-or-later
"""What is checked: a label layer with its classes, images, cells and what was looked at."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from qgis.core import (
    QgsFeatureRequest,
    QgsGeometry,
    QgsMapLayer,
    QgsRasterLayer,
    QgsVectorLayer,
)

from ..drawing.classes import LabelClass
from ..drawing.label_layers import LabelLayers, classes_of
from ..drawing.names import CELL, CLASS, IMAGE, INSTANCE, STATUS, TASKS, TODO, UUID
from ..raster_grid import NoPixelGridError
from ..recipe import scene_name
from .images import Image, Plane

SEMANTIC = "semantic"
_MODE = re.compile(r"""^\s*mode\s*=\s*["'](\w+)["']""", re.MULTILINE)


class Cell(NamedTuple):
    """A cell of the task grid, in the CRS of the labels."""

    name: str
    status: str
    shape: QgsGeometry


class Subject(NamedTuple):
    """Everything that the checks look at; layers belong to the main thread."""

    layer: QgsVectorLayer
    class_field: str
    instance_field: str
    """'': objects are not told apart."""
    uuid_field: str
    """'': problems are remembered by the feature's id."""
    classes: dict[str, LabelClass]
    """By name; empty: any class will do."""
    mode: str
    images: list[Image]
    left_out: list[str]
    """Why images could not be looked at."""
    tasks: QgsVectorLayer | None
    extent: QgsVectorLayer | None

    @property
    def semantic(self) -> bool:
        """Whether masks tell classes apart, and no objects."""
        return self.mode == SEMANTIC

    def plane(self) -> Plane:
        """What lengths and areas are measured in."""
        return Plane(self.layer.crs(), self.images, self.layer.extent().center())

    def cells(self) -> dict[int, Cell]:
        """The cells as they are now, by feature id."""
        if self.tasks is None:
            return {}
        return {
            feature.id(): Cell(
                str(feature[CELL]),
                feature[STATUS] if isinstance(feature[STATUS], str) else TODO,
                feature.geometry(),
            )
            for feature in self.tasks.getFeatures()
            if feature.hasGeometry()
        }

    def looked_at(self) -> QgsGeometry:
        """What was looked at without a cell: the extent layer, as one shape."""
        if self.extent is None:
            return QgsGeometry()
        request = QgsFeatureRequest().setNoAttributes()
        shapes = [f.geometry() for f in self.extent.getFeatures(request) if f.hasGeometry()]
        return QgsGeometry.unaryUnion(shapes) if shapes else QgsGeometry()


def subject_of_project(layers: LabelLayers, rasters: Iterable[QgsMapLayer]) -> Subject:
    """A labelling project; its images are those of its cells, else all that are given."""
    rasters = [layer for layer in rasters if isinstance(layer, QgsRasterLayer)]
    if layers.tasks is not None:
        index = layers.tasks.fields().lookupField(IMAGE)
        scenes = {str(value) for value in layers.tasks.uniqueValues(index)}
        rasters = [layer for layer in rasters if scene_name(layer.name()) in scenes] or rasters[:1]
    return subject_of(
        layers.labels, CLASS, INSTANCE, UUID, classes_of(layers.labels),
        mode_of(layers.geopackage), rasters, layers.tasks, layers.extent,
    )  # fmt: skip


def subject_of(
    layer: QgsVectorLayer,
    class_field: str,
    instance_field: str = "",
    uuid_field: str = "",
    classes: Iterable[LabelClass] = (),
    mode: str = "",
    rasters: Sequence[QgsRasterLayer] = (),
    tasks: QgsVectorLayer | None = None,
    extent: QgsVectorLayer | None = None,
) -> Subject:
    """Any label layer; fields that it does not have are taken for none."""
    images, left_out = [], []
    for raster in rasters:
        try:
            images.append(Image(raster, layer.crs()))
        except NoPixelGridError as error:
            left_out.append(str(error))
    there = {field.name() for field in layer.fields()}
    return Subject(
        layer,
        class_field,
        instance_field if instance_field in there else "",
        uuid_field if uuid_field in there else "",
        {known.name: known for known in classes},
        mode or "panoptic",
        images,
        left_out,
        tasks if tasks is not None and _has(tasks, CELL, STATUS) else None,
        extent,
    )


def mode_of(geopackage: Path) -> str:
    """The mode of the recipe beside a labelling project; '' when there is none."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        found = _MODE.search(geopackage.with_name("recipe.toml").read_text(encoding="utf-8"))
        if found:
            return found.group(1)
    return ""


def tasks_beside(layer: QgsVectorLayer) -> QgsVectorLayer | None:
    """The task layer of the GeoPackage that a label layer comes from."""
    file = layer.source().split("|")[0]
    if not file.lower().endswith(".gpkg"):
        return None
    tasks = QgsVectorLayer(f"{file}|layername={TASKS}", TASKS, "ogr")
    return tasks if tasks.isValid() else None


def _has(layer: QgsVectorLayer, *names: str) -> bool:
    return all(layer.fields().lookupField(name) >= 0 for name in names)
