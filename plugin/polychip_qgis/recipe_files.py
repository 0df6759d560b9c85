# SPDX-License-Identifier: GPL-2.0-or-later
"""Recipes saved from the dock and loaded into it; the engine reads them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsMapLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QFileDialog

from .dock import PolychipDock
from .dock_settings import FRACTIONS, MAX_PX, ClassRow, DockSettings
from .engine import EngineNotFoundError, find_engine, places
from .engine_session import Answer, EngineSession
from .export_request import NEW, ExportRefusedError, layers_of, make_request
from .export_task import InputsTask
from .translation import tr

_HELD = {
    "scenes": {"name", "group", "image", "labels", "extent", "layers", "ignore"},
    "schema": {"class_field", "instance_field", "classes"},
    "chips": {"size", "stride", "edge"},
    "masks": {"mode"},
    "split": {"by", "fractions"},
    "output": {"path", "formats"},
}
"""What of a recipe the dock holds."""


class Loaded(NamedTuple):
    """A recipe as the dock can hold it."""

    settings: DockSettings
    left_out: tuple[str, ...]
    """Keys that the recipe states and the dock has no place for."""


class RecipeFiles(QObject):
    """The two buttons of the dock."""

    def __init__(self, iface: QgisInterface, dock: PolychipDock, session: EngineSession) -> None:
        super().__init__(dock)
        self._iface, self._dock, self._session = iface, dock, session
        self._task: InputsTask | None = None
        dock.saveRecipeRequested.connect(self.ask_and_save)
        dock.loadRecipeRequested.connect(self.ask_and_load)

    def ask_and_save(self) -> None:
        """Ask for a file and save the recipe there."""
        missing = self._dock.missing(output=False)
        if missing:
            self._tell(missing, Qgis.MessageLevel.Warning)
            return
        parent = self._iface.mainWindow()
        title, kinds = tr("Save Recipe"), tr("Recipes (*.toml)")
        path, _ = QFileDialog.getSaveFileName(parent, title, "recipe.toml", kinds)
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Save the recipe, and beside it the labels as they are seen."""
        if path.suffix.lower() != ".toml":
            path = path.with_name(path.name + ".toml")
        settings = self._dock.settings()
        if not settings.output:
            settings = settings._replace(output=str(path.with_name(f"{path.stem}-dataset")))
        try:
            request = make_request(layers_of(settings), settings, NEW, saved=path)
        except ExportRefusedError as error:
            self._tell(str(error), Qgis.MessageLevel.Warning)
            return
        self._task = InputsTask(request)
        self._task.ended.connect(partial(self._saved, path))
        QgsApplication.taskManager().addTask(self._task)

    def _saved(self, path: Path) -> None:
        task, self._task = self._task, None
        if task.outcome is not None:
            self._tell(task.outcome.message, Qgis.MessageLevel.Warning)
        else:
            text = tr("Recipe saved: {path}").format(path=path)
            self._tell(text, Qgis.MessageLevel.Success)

    def ask_and_load(self) -> None:
        """Ask for a file and load it."""
        parent = self._iface.mainWindow()
        title, kinds = tr("Load Recipe"), tr("Recipes (*.toml)")
        path, _ = QFileDialog.getOpenFileName(parent, title, "", kinds)
        if path:
            self.load(Path(path))

    def load(self, path: Path) -> None:
        """Let the engine read a recipe, then fill the dock."""
        try:
            self._session.use(find_engine(places()))
        except EngineNotFoundError as error:
            self._tell(str(error), Qgis.MessageLevel.Warning)
            return
        self._session.ask("recipe", {"recipe": str(path)}, self._loaded)

    def _loaded(self, answer: Answer) -> None:
        if not answer.ok:
            self._tell(answer.message, Qgis.MessageLevel.Warning)
            return
        try:
            loaded = taken(answer.result["recipe"], answer.result["stated"])
        except ValueError as error:
            self._tell(str(error), Qgis.MessageLevel.Warning)
            return
        self._dock.set_settings(loaded.settings)
        self._dock.keep()
        if loaded.left_out:
            text = tr(
                "Recipe loaded, but the dock has no place for: {keys}. “polychip run” keeps them."
            ).format(keys=", ".join(loaded.left_out))
            self._tell(text, Qgis.MessageLevel.Warning)
        else:
            self._tell(tr("Recipe loaded."), Qgis.MessageLevel.Success)

    def _tell(self, text: str, level: Qgis.MessageLevel) -> None:
        self._iface.messageBar().pushMessage("Polychip", text, level)


def taken(recipe: dict[str, Any], stated: dict[str, Any]) -> Loaded:
    """The dock's settings for a recipe; layers that the project lacks are added to it.

    Raises:
        ValueError: the dock cannot show it at all; a sentence.
    """
    scenes, schema, chips = recipe["scenes"], recipe["schema"], recipe["chips"]
    if any(len(scene.get("image") or []) != 1 for scene in scenes):
        raise ValueError(
            tr("The recipe stacks or joins several files to one image, which the dock cannot show.")
        )
    images = [_raster(scene["image"][0], scene["name"]) for scene in scenes]
    size, stride = chips["size"], chips.get("stride")
    if not _is_side(size) or not (stride is None or _is_side(stride)):
        raise ValueError(tr("The recipe’s chips are not square, or too large for the dock."))
    labels, extent = scenes[0]["labels"][0], (scenes[0].get("extent") or [None])[0]
    percent = [(name, round(100 * share)) for name, share in recipe["split"]["fractions"].items()]
    settings = DockSettings(
        imagery=images[0].id(),
        labels=_vector(labels).id(),
        class_field=labels.get("class_field") or schema.get("class_field") or "",
        instance_field=labels.get("instance_field") or schema.get("instance_field") or "",
        extent=_vector(extent).id() if extent else "",
        mode=recipe["masks"]["mode"],
        size=size,
        stride=0 if stride in (None, size) else stride,
        edge=chips["edge"],
        output=recipe["output"]["path"],
        more_imagery=tuple(layer.id() for layer in images[1:]),
        split=recipe["split"]["by"],
        fractions=tuple(percent) or FRACTIONS,
        classes=tuple(_class_row(entry) for entry in schema.get("classes", [])),
        formats=tuple(recipe["output"].get("formats", [])),
    )
    return Loaded(settings, tuple(_left_out(stated)))


def _left_out(stated: dict[str, Any]) -> list[str]:
    """Stated keys that the dock does not hold, each once."""
    found: dict[str, None] = {}
    for table, value in stated.items():
        for part in value if isinstance(value, list) else [value]:
            for key in part:
                if part[key] not in (None, [], {}) and key not in _HELD.get(table, set()):
                    found[f"{table}.{key}"] = None
    for scene in stated["scenes"]:
        for key, entries in (("labels", scene["labels"]), ("extent", scene.get("extent") or [])):
            if len(entries) > 1 or entries != stated["scenes"][0].get(key, []):
                found[f"scenes.{key}"] = None
        if scene.get("ignore"):
            found["scenes.ignore"] = None
    for entry in stated.get("schema", {}).get("classes", []):
        if entry.get("values"):
            found["schema.classes.values"] = None
    return list(found)


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and 1 <= value <= MAX_PX


def _class_row(entry: dict[str, Any]) -> ClassRow:
    return ClassRow(
        entry["name"], entry["code"], entry.get("color") or "#808080", entry.get("thing", True)
    )


def _raster(path: str, name: str) -> QgsRasterLayer:
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsRasterLayer) and layer.source().split("|")[0] == path:
            return layer
    return _added(QgsRasterLayer(path, name), path)


def _vector(source: dict[str, Any]) -> QgsVectorLayer:
    path, name, where = source["path"], source.get("layer"), source.get("where") or ""
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.providerType() == "ogr":
            parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
            same = parts.get("path") == path and layer.subsetString() == where
            if same and (not name or parts.get("layerName") in (name, None)):
                return layer
    uri = f"{path}|layername={name}" if name else path
    layer = QgsVectorLayer(uri, name or Path(path).stem, "ogr")
    if where:
        layer.setSubsetString(where)
    return _added(layer, path)


def _added(layer: QgsMapLayer, path: str) -> Any:
    if not layer.isValid():
        raise ValueError(tr("{path} cannot be opened.").format(path=path))
    QgsProject.instance().addMapLayer(layer)
    return layer
