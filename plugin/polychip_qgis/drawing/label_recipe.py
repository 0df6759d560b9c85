# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe.toml beside a labelling project, which the engine runs as it is; no QGIS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..recipe import quoted, seen_from
from .classes import LabelClass
from .names import CLASS, DONE, EXTENT, INSTANCE, LABELS, REVIEW, TASKS, UUID


class LabelRecipe(NamedTuple):
    """What the recipe says."""

    geopackage: Path
    images: Sequence[tuple[str, str]]
    """(scene, path or address) of each image."""
    classes: Sequence[LabelClass]
    """In order of priority."""
    mode: str
    size: int
    edge: str
    review_counts: bool
    """Whether cells in review count as looked at."""


def label_recipe_text(recipe: LabelRecipe) -> str:
    """TOML; paths as seen from the GeoPackage's folder, where the recipe lies."""
    parts = [
        [
            "# Written by Polychip in QGIS. To build the dataset: polychip run recipe.toml",
            "# Cells of the task grid that are not done are ignored in training.",
        ]
    ]
    parts += [_scene(recipe, name, image) for name, image in recipe.images]
    parts.append(
        ["[schema]", f"class_field = {quoted(CLASS)}", f"instance_field = {quoted(INSTANCE)}"]
    )
    parts += [_class(known) for known in recipe.classes]
    parts += [
        ["[chips]", f"size = {recipe.size}", f"edge = {quoted(recipe.edge)}"],
        ["[masks]", f"mode = {quoted(recipe.mode)}"],
        ["[output]", 'path = "dataset"'],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def looked_at(review_counts: bool) -> str:
    """Which tasks count as looked at, as an OGR SQL condition."""
    return f"status IN ('{DONE}', '{REVIEW}')" if review_counts else f"status = '{DONE}'"


def _scene(recipe: LabelRecipe, name: str, image: str) -> list[str]:
    path = quoted(recipe.geopackage.name)
    where = quoted(looked_at(recipe.review_counts))
    return [
        "[[scenes]]",
        f"name = {quoted(name)}",
        f"image = {quoted(seen_from(recipe.geopackage.parent, image))}",
        f'labels = {{ path = {path}, layer = "{LABELS}", id_field = "{UUID}" }}',
        "extent = [",
        f'    {{ path = {path}, layer = "{TASKS}", where = {where} }},',
        f'    {{ path = {path}, layer = "{EXTENT}" }},',
        "]",
    ]


def _class(known: LabelClass) -> list[str]:
    return [
        "[[schema.classes]]",
        f"name = {quoted(known.name)}",
        f"code = {known.code}",
        f"color = {quoted(known.color)}",
        f"thing = {'true' if known.thing else 'false'}",
    ]
