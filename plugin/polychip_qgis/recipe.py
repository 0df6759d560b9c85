# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe that the engine runs, as TOML text beside the output; touches no layer."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

from .dock_settings import DockSettings

LABELS, EXTENT, SOURCE_FID = "labels", "extent", "source_fid"
"""Layers of the labels' snapshot, and the field that says which feature a copy is of."""


class OutputPaths(NamedTuple):
    """The dataset's folder and the files that are kept beside it."""

    output: Path

    @property
    def labels(self) -> Path:
        """GeoPackage of the labels and the extent, as they were seen."""
        return self.output.with_name(f"{self.output.name}-labels.gpkg")

    @property
    def labels_partial(self) -> Path:
        """The same while it is being written."""
        return self.output.with_name(f"{self.output.name}-labels.partial.gpkg")

    @property
    def recipe(self) -> Path:
        """The recipe; `polychip run` builds the dataset from it again, without QGIS."""
        return self.output.with_name(f"{self.output.name}-recipe.toml")


class RecipeInputs(NamedTuple):
    """What a recipe names besides the dock's choices."""

    image: str
    """A path, or an address that GDAL reads."""
    scene: str
    """The image's name for people; a name for the engine is made of it."""
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
    labels = quoted(paths.labels.name)
    scene = [
        "[[scenes]]",
        f"name = {quoted(scene_name(inputs.scene))}",
        f"image = {quoted(seen_from(folder, inputs.image))}",
        f'labels = {{ path = {labels}, layer = "{LABELS}", id_field = "{SOURCE_FID}" }}',
    ]
    if inputs.has_extent:
        scene.append(f'extent = {{ path = {labels}, layer = "{EXTENT}" }}')
    schema = ["[schema]", f"class_field = {quoted(inputs.class_field)}"]
    if inputs.instance_field:
        schema.append(f"instance_field = {quoted(inputs.instance_field)}")
    size, stride, edge = settings.layout
    parts = [
        [
            "# Written by Polychip in QGIS. To build the dataset again: polychip run THIS_FILE",
            f"# labels as seen: sha256:{inputs.labels_digest}",
        ],
        scene,
        schema,
        ["[chips]", f"size = {size}", f"stride = {stride}", f"edge = {quoted(edge)}"],
        ["[masks]", f"mode = {quoted(settings.mode)}"],
        ["[output]", f"path = {quoted(paths.output.name)}"],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def quoted(text: str) -> str:
    """A TOML basic string; JSON escapes the same, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def scene_name(text: str) -> str:
    """Letters, digits, '-' and '_', which is what the engine takes for a scene's name."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "scene"


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
