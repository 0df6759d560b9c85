# SPDX-License-Identifier: GPL-2.0-or-later
"""A labelling project: GeoPackage, recipe, styled layers in a group."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from qgis.core import (
    QgsLayerTreeGroup,
    QgsProject,
    QgsRasterLayer,
    QgsSnappingConfig,
    QgsTolerance,
    QgsVectorLayer,
)

from ..chips import ChipLayout
from ..raster_grid import grid_of, image_of
from ..recipe import scene_name
from ..translation import tr
from .adopt import Adopted, adopt
from .cells import Cell, cells_of
from .classes import LabelClass
from .geopackage import create_geopackage
from .label_recipe import LabelRecipe, label_recipe_text
from .names import EXTENT, LABELS, TASKS
from .styles import style_extent, style_labels, style_tasks

MAX_CELLS = 100_000
"""More cells than anybody looks at one by one."""


class MakeError(Exception):
    """The project cannot be made like this; the text says why and what to do."""


class ProjectRequest(NamedTuple):
    """What the page asks for."""

    geopackage: Path
    images: list[QgsRasterLayer]
    """Those to be labelled."""
    classes: list[LabelClass]
    """In order of priority."""
    mode: str
    size: int
    """Side of a cell in pixels."""
    edge: str
    review_counts: bool = False
    adopted: QgsVectorLayer | None = None
    """A layer whose polygons the project begins with."""
    adopted_class_field: str = ""


class LabelProject(NamedTuple):
    """What was made."""

    group: QgsLayerTreeGroup
    labels: QgsVectorLayer
    extent: QgsVectorLayer
    tasks: QgsVectorLayer
    recipe: Path
    n_cells: int
    adopted: Adopted | None


def make_project(request: ProjectRequest, project: QgsProject) -> LabelProject:
    """Write the files, add the layers.

    Raises:
        MakeError, NoPixelGridError, AdoptError, GeoPackageError: why not, and what to do.
    """
    path = request.geopackage
    recipe = path.with_name("recipe.toml")
    _check(request, recipe)
    crs = request.images[0].crs()
    classes, adopted = request.classes, None
    if request.adopted is not None:
        adopted = adopt(request.adopted, request.adopted_class_field, request.classes, crs)
        classes = adopted.classes
    scenes = scenes_of(request.images)
    cells = cells_on(scenes, ChipLayout(request.size, request.size, request.edge))
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = adopted.rows if adopted is not None else ()
    create_geopackage(path, crs.toWkt(crs.WktVariant.WKT_PREFERRED_GDAL), classes, cells, rows)
    text = label_recipe_text(
        LabelRecipe(
            path,
            [(name, image_of(layer)) for name, layer in scenes],
            classes,
            request.mode,
            request.size,
            request.edge,
            request.review_counts,
        )
    )
    partial = recipe.with_suffix(".toml.partial")
    _write(partial, text)
    partial.replace(recipe)
    group, layers = _add_layers(project, path, classes)
    return LabelProject(group, *layers, recipe, len(cells), adopted)


def open_layers(path: Path, told: Path | None = None) -> list[QgsVectorLayer]:
    """Labels, extent and tasks of a GeoPackage, with the styles that it keeps.

    Args:
        told: the file that an error names, where `path` is a copy of it.

    Raises:
        MakeError: one is missing.
    """
    layers = []
    for name in (LABELS, EXTENT, TASKS):
        layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
        if not layer.isValid():
            text = tr("{path} has no layer “{name}”.")
            raise MakeError(text.format(path=told or path, name=name))
        layers.append(layer)
    return layers


def _check(request: ProjectRequest, recipe: Path) -> None:
    if not request.images:
        raise MakeError(tr("Tick at least one image to be labelled."))
    if not request.classes and request.adopted is None:
        raise MakeError(tr("Choose a class list."))
    for path in (request.geopackage, recipe):
        if path.exists():
            raise MakeError(
                tr("{path} is there already; choose another folder or name.").format(path=path)
            )
    crs = request.images[0].crs()
    for layer in request.images:
        if layer.crs() != crs:
            raise MakeError(
                tr(
                    "“{one}” is in {crs}, “{other}” in {other_crs}: make a project for each."
                ).format(
                    one=request.images[0].name(),
                    crs=crs.authid(),
                    other=layer.name(),
                    other_crs=layer.crs().authid(),
                )
            )


def scenes_of(images: list[QgsRasterLayer]) -> list[tuple[str, QgsRasterLayer]]:
    """Each image with a scene's name of its own; no name ends with another, as the engine asks."""
    names: list[str] = []
    for layer in images:
        name = scene_name(layer.name())
        number, plain = 1, name
        while any(_alike(name, other) for other in names):
            number += 1
            name = f"{plain}-{number}"
        names.append(name)
    return list(zip(names, images))


def _alike(one: str, other: str) -> bool:
    a, b = one.lower(), other.lower()
    return a.endswith(b) or b.endswith(a)


def cells_on(scenes: list[tuple[str, QgsRasterLayer]], layout: ChipLayout) -> list[Cell]:
    """The cells of all scenes.

    Raises:
        MakeError: there would be none, or too many to look at.
        NoPixelGridError: an image has no pixels of its own.
    """
    cells: list[Cell] = []
    for name, layer in scenes:
        image_of(layer)  # refuses what the engine could not open
        grid = grid_of(layer)
        n_cells = -(-grid.width // layout.size) * -(-grid.height // layout.size)
        if len(cells) + n_cells > MAX_CELLS:
            raise MakeError(
                tr(
                    "Cells of {size} pixels on “{name}” would be {count}, at most {most} are "
                    "allowed; choose larger cells."
                ).format(size=layout.size, name=layer.name(), count=n_cells, most=MAX_CELLS)
            )
        cells += cells_of(name, grid, layout)
    if not cells:
        raise MakeError(tr("No whole cell fits on the image; choose smaller cells."))
    return cells


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _add_layers(
    project: QgsProject, path: Path, classes: list[LabelClass]
) -> tuple[QgsLayerTreeGroup, list[QgsVectorLayer]]:
    labels, extent, tasks = open_layers(path)
    style_labels(labels, classes)
    style_extent(extent)
    style_tasks(tasks)
    for layer in (labels, extent, tasks):
        problem = _save_style(layer)
        if problem:
            raise MakeError(
                tr("The style of “{name}” was not saved: {reason}").format(
                    name=layer.name(), reason=problem
                )
            )
    group = project.layerTreeRoot().insertGroup(0, path.stem)
    for layer in (extent, tasks, labels):
        project.addMapLayer(layer, False)
        group.insertLayer(0, layer)
    snap(project)
    return group, [labels, extent, tasks]


def _save_style(layer: QgsVectorLayer) -> str:
    """Make the layer's style the default in its GeoPackage; returns what went wrong."""
    if hasattr(layer, "saveStyleToDatabaseV2"):  # newer versions warn of the older one
        return layer.saveStyleToDatabaseV2(layer.name(), "", True, "")[1]
    return layer.saveStyleToDatabase(layer.name(), "", True, "")


def snap(project: QgsProject) -> None:
    """Corners and edges of the active layer catch the mouse."""
    config = QgsSnappingConfig(project.snappingConfig())
    config.setEnabled(True)
    config.setMode(QgsSnappingConfig.SnappingMode.ActiveLayer)
    kinds = QgsSnappingConfig.SnappingTypes
    config.setTypeFlag(kinds.VertexFlag | kinds.SegmentFlag)
    config.setTolerance(10)
    config.setUnits(QgsTolerance.UnitType.Pixels)
    project.setSnappingConfig(config)
