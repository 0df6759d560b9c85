# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe that the engine runs, as TOML text beside the output; touches no layer."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from .dock_settings import ClassRow, DockSettings

LABELS, EXTENT, SOURCE_FID = "labels", "extent", "source_fid"
"""Layers of the labels' snapshot, and the field that says which feature a copy is of."""


class OutputPaths(NamedTuple):
    """The dataset's folder and the files that are kept beside it, or beside a saved recipe."""

    output: Path
    saved: Path | None = None
    """Where the user saves the recipe; None: beside the dataset."""

    @property
    def labels(self) -> Path:
        """GeoPackage of the labels and the extent, as they were seen."""
        return self.recipe.with_name(f"{self._stem}-labels.gpkg")

    @property
    def labels_partial(self) -> Path:
        """The same while it is being written."""
        return self.recipe.with_name(f"{self._stem}-labels.partial.gpkg")

    @property
    def recipe(self) -> Path:
        """The recipe; `polychip run` builds the dataset from it again, without QGIS."""
        return self.saved or self.output.with_name(f"{self.output.name}-recipe.toml")

    @property
    def index(self) -> Path:
        """Folder of the GeoPackage that shows the finished dataset's chips."""
        return self.output.with_name(f"{self.output.name}-chips")

    @property
    def _stem(self) -> str:
        return self.saved.stem if self.saved else self.output.name


class SceneImage(NamedTuple):
    """One image of a recipe."""

    image: str
    """A path, or an address that GDAL reads."""
    scene: str
    """The image's name for people; a name for the engine is made of it."""
    place: object = None
    """Images of equal places (grid and CRS) are dates of one place and share their chips."""


class RecipeInputs(NamedTuple):
    """What a recipe names besides the dock's choices."""

    images: tuple[SceneImage, ...]
    class_field: str
    """As the snapshot names it."""
    instance_field: str
    """As the snapshot names it; '' for none."""
    has_extent: bool
    labels_digest: str
    """Of what the snapshot holds."""


def recipe_text(paths: OutputPaths, inputs: RecipeInputs, settings: DockSettings) -> str:
    """TOML, with paths as seen from the recipe's own folder.

    The labels' digest stands in a comment: equal texts mean equal labels and equal choices.
    """
    folder = paths.recipe.parent
    size, stride, edge = settings.layout
    parts = [
        [
            "# Written by Polychip in QGIS. To build the dataset again: polychip run THIS_FILE",
            f"# labels as seen: sha256:{inputs.labels_digest}",
        ],
        *_scenes(paths, inputs),
        _schema(inputs),
        *_classes(settings.classes),
        ["[chips]", f"size = {size}", f"stride = {stride}", f"edge = {quoted(edge)}"],
        ["[masks]", f"mode = {quoted(settings.mode)}"],
        *_split(settings),
        ["[output]", f"path = {quoted(seen_from(folder, str(paths.output)))}"],
    ]
    if settings.formats:
        parts[-1].append(f"formats = [{', '.join(quoted(name) for name in settings.formats)}]")
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _scenes(paths: OutputPaths, inputs: RecipeInputs) -> list[list[str]]:
    folder, labels = paths.recipe.parent, quoted(paths.labels.name)
    names = distinct_names([scene_name(image.scene) for image in inputs.images])
    groups: dict[object, str] = {}
    scenes = []
    for name, image in zip(names, inputs.images):
        group = name if image.place is None else groups.setdefault(image.place, name)
        scene = ["[[scenes]]", f"name = {quoted(name)}"]
        if group != name:
            scene.append(f"group = {quoted(group)}")
        scene += [
            f"image = {quoted(seen_from(folder, image.image))}",
            f'labels = {{ path = {labels}, layer = "{LABELS}", id_field = "{SOURCE_FID}" }}',
        ]
        if inputs.has_extent:
            scene.append(f'extent = {{ path = {labels}, layer = "{EXTENT}" }}')
        scenes.append(scene)
    return scenes


def _schema(inputs: RecipeInputs) -> list[str]:
    schema = ["[schema]", f"class_field = {quoted(inputs.class_field)}"]
    if inputs.instance_field:
        schema.append(f"instance_field = {quoted(inputs.instance_field)}")
    return schema


def _classes(classes: tuple[ClassRow, ...]) -> list[list[str]]:
    return [
        [
            "[[schema.classes]]",
            f"name = {quoted(row.name)}",
            f"code = {row.code}",
            f"color = {quoted(row.color)}",
            f"thing = {'true' if row.thing else 'false'}",
        ]
        for row in classes
    ]


def _split(settings: DockSettings) -> list[list[str]]:
    if settings.split == "none":
        return []
    shares = ", ".join(f"{quoted(name)} = {share / 100}" for name, share in settings.fractions)
    return [["[split]", f"by = {quoted(settings.split)}", f"fractions = {{ {shares} }}"]]


def quoted(text: str) -> str:
    """A TOML basic string; JSON escapes the same, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def scene_name(text: str) -> str:
    """Letters, digits, '-' and '_', which is what the engine takes for a scene's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "scene"


def distinct_names(names: list[str]) -> list[str]:
    """The names, numbered where they are alike or one ends with another (loaders trip there)."""
    plain = [name.casefold() for name in names]
    clash = any(
        i != j and (a == b or a.endswith(b))
        for i, a in enumerate(plain)
        for j, b in enumerate(plain)
    )
    if not clash:
        return names
    digits = len(str(len(names)))
    return [f"{name}_{number:0{digits}d}" for number, name in enumerate(names, 1)]


def is_remote(image: str) -> bool:
    """Whether GDAL reads it by a virtual file system or a URL, as the engine tells it."""
    return image.startswith("/vsi") or "://" in image


def seen_from(folder: Path, image: str) -> str:
    """The image's path from the folder, with '/'; absolute where no relative one leads there."""
    if is_remote(image):
        return image
    try:
        return Path(os.path.relpath(image, folder)).as_posix()
    except ValueError:  # another drive of Windows
        return Path(image).as_posix()
