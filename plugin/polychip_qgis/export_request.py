# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to be exported, taken from the layers at one moment, and the files that the engine needs.

The dock and the Processing algorithm both come through here. `make_request` is called on the main
thread, `write_inputs` on any.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

from .chips import PixelGrid
from .dock_settings import DockSettings
from .former_files import set_aside, settle
from .raster_grid import NoPixelGridError, grid_of, image_of
from .recipe import EXTENT, LABELS, OutputPaths, RecipeInputs, SceneImage, recipe_text
from .snapshot import SeenLayer, Snapshot, SnapshotError, see, write_snapshot
from .translation import tr

NEW, RESUME, REPLACE = "new", "resume", "replace"
WAYS = (NEW, RESUME, REPLACE)
"""What to do with a dataset that is already there: stop, go on with it, replace it."""
FLAGS = {NEW: (), RESUME: ("--resume",), REPLACE: ("--overwrite",)}
"""The engine's options for each way."""


class ExportRefusedError(Exception):
    """The export cannot begin; the text says why and what to do. Nothing was changed."""


class ExportLayers(NamedTuple):
    """The layers of an export."""

    image: QgsRasterLayer
    labels: QgsVectorLayer
    extent: QgsVectorLayer | None
    more: tuple[QgsRasterLayer, ...] = ()
    """Further images, each a scene of its own."""

    def ids(self) -> list[str]:
        """The layers' ids in the project."""
        layers = [self.image, self.labels, *self.more]
        return [layer.id() for layer in layers + ([self.extent] if self.extent else [])]


class ExportRequest(NamedTuple):
    """All that an export needs, readable on any thread."""

    images: tuple[SceneImage, ...]
    grid: PixelGrid
    """The first image's."""
    crs: QgsCoordinateReferenceSystem
    """The first image's."""
    seen: dict[str, SeenLayer]
    """By their name in the snapshot."""
    settings: DockSettings
    paths: OutputPaths
    way: str
    """One of WAYS."""

    def arguments(self) -> list[str]:
        """What the engine is started with."""
        return ["run", str(self.paths.recipe), *FLAGS[self.way], "--progress", "json"]


class WrittenInputs(NamedTuple):
    """What was written for the engine."""

    recipe: Path
    snapshot: Snapshot


def layers_of(settings: DockSettings) -> ExportLayers:
    """The layers that the dock names.

    Raises:
        ExportRefusedError: one of them is no longer in the project.
    """
    project = QgsProject.instance()
    image, labels = project.mapLayer(settings.imagery), project.mapLayer(settings.labels)
    extent = project.mapLayer(settings.extent) if settings.extent else None
    more = tuple(project.mapLayer(name) for name in settings.more_imagery)
    if None in (image, labels, *more) or (settings.extent and extent is None):
        raise ExportRefusedError(tr("A chosen layer is no longer in the project."))
    return ExportLayers(image, labels, extent, more)


def make_request(
    layers: ExportLayers, settings: DockSettings, way: str, saved: Path | None = None
) -> ExportRequest:
    """Look at everything once; nothing is written.

    Args:
        saved: where only the recipe is to be saved.

    Raises:
        ExportRefusedError: a layer cannot be used, or the output folder is taken.
    """
    output = Path(settings.output).expanduser()
    if not output.is_absolute() or not output.name:
        raise ExportRefusedError(
            tr("“{path}” is not the whole path of a folder; choose the folder again.").format(
                path=settings.output
            )
        )
    paths = OutputPaths(output, saved)
    for layer, field in (
        (layers.labels, settings.class_field),
        (layers.labels, settings.instance_field),
    ):
        if field and layer.fields().lookupField(field) < 0:
            raise ExportRefusedError(
                tr("“{name}” has no field “{field}”.").format(name=layer.name(), field=field)
            )
    if saved is None:
        _check_folder(output, way)
    _check_snapshot_is_free(paths, layers)
    try:
        images = tuple(_scene_image(layer) for layer in (layers.image, *layers.more))
        grid = grid_of(layers.image)
        seen = {LABELS: see(layers.labels)}
        if layers.extent is not None:
            seen[EXTENT] = see(layers.extent)
    except (NoPixelGridError, SnapshotError) as error:
        raise ExportRefusedError(str(error)) from error
    return ExportRequest(images, grid, layers.image.crs(), seen, settings, paths, way)


def _scene_image(layer: QgsRasterLayer) -> SceneImage:
    place = (grid_of(layer), layer.crs().toWkt())
    return SceneImage(image_of(layer), layer.name(), place)


def folder_state(output: Path) -> str:
    """'finished', 'unfinished' or '' (no dataset), by the files that the format names."""
    if (output / "manifest.json").is_file():
        return "finished"
    return "unfinished" if (output / ".polychip").is_dir() else ""


def write_inputs(request: ExportRequest, feedback: QgsFeedback) -> WrittenInputs:
    """Write snapshot and recipe, each beside its place first and then moved there.

    To resume, nothing may have changed: then the files of the first run are kept, which the
    engine knows again.

    Raises:
        ExportRefusedError: something has changed, or a file cannot be written.
        SnapshotCancelled: the feedback says so.
    """
    paths = request.paths
    settle(paths)  # QGIS may have died while a dataset was being replaced
    try:
        paths.recipe.parent.mkdir(parents=True, exist_ok=True)
        snapshot = write_snapshot(paths.labels_partial, request.seen, feedback)
        text = recipe_text(paths, _recipe_inputs(request, snapshot), request.settings)
        if request.way == RESUME:
            _keep_former(paths, text)
        else:
            if paths.saved is None:
                set_aside(paths)
            os.replace(paths.labels_partial, paths.labels)
            _write(paths.recipe, text)
    except SnapshotError as error:
        raise ExportRefusedError(str(error)) from error
    except (OSError, UnicodeEncodeError) as error:
        raise ExportRefusedError(
            tr("A file of the export cannot be written: {reason}").format(reason=error)
        ) from error
    finally:
        paths.labels_partial.unlink(missing_ok=True)
    return WrittenInputs(paths.recipe, snapshot)


def _recipe_inputs(request: ExportRequest, snapshot: Snapshot) -> RecipeInputs:
    names, settings = snapshot.label_fields, request.settings
    uses_instances = settings.used_instance_field()
    return RecipeInputs(
        images=request.images,
        class_field=names[settings.class_field],
        instance_field=names[settings.instance_field] if uses_instances else "",
        has_extent=EXTENT in request.seen,
        labels_digest=snapshot.digest,
    )


def _check_folder(output: Path, way: str) -> None:
    """Before the files of an earlier run are replaced; the engine looks again."""
    state = folder_state(output)
    if way == NEW and state == "finished":
        raise ExportRefusedError(
            tr(
                "A finished dataset is in {folder}. Choose to replace an existing dataset, or "
                "choose another folder."
            ).format(folder=output)
        )
    if way == NEW and state == "unfinished":
        raise ExportRefusedError(
            tr(
                "An unfinished export is in {folder}. Resume it, or choose to replace an existing "
                "dataset."
            ).format(folder=output)
        )


def _check_snapshot_is_free(paths: OutputPaths, layers: ExportLayers) -> None:
    """Never write into a file that QGIS has open, the user's own layer least of all."""
    project_layers = QgsProject.instance().mapLayers().values()
    for layer in (layers.labels, layers.extent, *project_layers):
        if layer is None or not layer.source():
            continue
        source = layer.source().split("|")[0]
        if _same_file(Path(source), paths.labels):
            raise ExportRefusedError(
                tr(
                    "The layer “{name}” shows {file}, which this export would replace; remove "
                    "the layer from the project, or choose another folder."
                ).format(name=layer.name(), file=paths.labels.name)
            )


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # no file, or no path at all
        return False


def _keep_former(paths: OutputPaths, text: str) -> None:
    former = paths.recipe.read_text(encoding="utf-8") if paths.recipe.is_file() else ""
    if former != text or not paths.labels.is_file():
        raise ExportRefusedError(
            tr(
                "The unfinished export cannot be resumed: labels or choices have changed since it "
                "began. Choose to replace an existing dataset."
            )
        )


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(text.encode("utf-8"))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
