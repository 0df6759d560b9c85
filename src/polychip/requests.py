"""From options, as on the command line, to the recipe that stands for them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from polychip.addresses import file_name
from polychip.errors import RecipeError, nearest
from polychip.recipe import split_layer

Combine = Literal["scenes", "mosaic", "stack"]

OPTIONS = (
    "mode", "class_field", "class_name", "instance_field", "id_field", "where", "labels_crs",
    "buffer_m", "extent", "size", "stride", "edge", "bands", "nodata", "crs", "resolution",
    "resampling", "all_touched", "keep_tiny", "split", "split_by", "max_nodata", "min_labelled",
    "negatives", "seed", "targets", "compress", "formats", "combine", "allow_ballpark", "sample",
    "n_chips", "jitter", "balance", "folds", "block", "gap", "objects", "frozen", "report",
)  # fmt: skip

SPLIT_OPTIONS = ("folds", "block", "gap", "objects", "frozen")
_TABLES = (
    "schema",
    "grid",
    "chips",
    "masks",
    "output",
    "split",
    "scenes[1]",
    "scenes[1].labels[1]",
)


def export_recipe(
    images: Sequence[str], labels: str, out: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """The recipe, as plain values, that options ask for; what isn't given is left to defaults.

    Args:
        images: paths.
        labels: 'FILE' or 'FILE|LAYER'.
        out: the dataset's folder.
        options: by the names in OPTIONS; None counts as not given.

    Raises:
        RecipeError: an option is unknown, or options contradict each other.
    """
    for name in options:
        if name not in OPTIONS:
            raise RecipeError(f"unknown option '{name}'{nearest(name, OPTIONS)}")
    given = {name: value for name, value in options.items() if value is not None}
    scenes = scene_tables(images, given.get("combine", "scenes"))
    label_source = _labels(labels, given)
    for scene in scenes:
        scene["labels"] = [label_source]
        if "extent" in given:
            path, layer = split_layer(str(given["extent"]))
            scene["extent"] = [_without_none({"path": path, "layer": layer})]
        for name in ("bands", "nodata"):
            if name in given and "image" in scene:
                scene[name] = given[name]
        if "nodata" in given and "layers" in scene:
            scene["nodata"] = given["nodata"]
    recipe: dict[str, Any] = {"scenes": scenes, "output": {"path": out}}
    _table(recipe, "schema", given, ("class_field", "instance_field"))
    _table(recipe, "grid", given, ("crs", "resolution", "resampling", "allow_ballpark"))
    _table(
        recipe, "chips", given,
        ("size", "stride", "edge", "max_nodata", "min_labelled", "negatives", "seed", "sample",
         "n_chips", "jitter", "balance"),
    )  # fmt: skip
    _table(recipe, "masks", given, ("mode", "all_touched", "keep_tiny", "targets"))
    recipe["output"] |= {
        name: given[name] for name in ("compress", "formats", "report") if name in given
    }
    _split(recipe, given)
    return recipe


_ELSEWHERE = {
    "split.by": "split_by", "split.fractions": "split", "split.objects": "whole_objects",
    "output.formats": "format",
}  # fmt: skip


def in_options(message: str) -> str:
    """A message about recipe keys in the words of the command line: '--size' for chips.size."""
    keys = {f"{table}.{name}": name for table in _TABLES for name in OPTIONS} | _ELSEWHERE
    for key in sorted(keys, key=len, reverse=True):
        message = re.sub(rf"\b{re.escape(key)}\b", "--" + keys[key].replace("_", "-"), message)
    return message


def scene_tables(images: Sequence[str], combine: Combine) -> list[dict[str, Any]]:
    """The scenes that images are, with names and imagery."""
    if not images:
        raise RecipeError("no image was given")
    if combine == "mosaic":
        return [{"name": scene_name(images[0]), "image": list(images)}]
    if combine == "stack":
        return [{"name": scene_name(images[0]), "layers": {"stack": {"files": list(images)}}}]
    if combine != "scenes":
        raise RecipeError(f"combine is '{combine}'; it is scenes, mosaic or stack")
    names = [scene_name(image) for image in images]
    return [
        {"name": name, "image": [image]}
        for name, image in zip(_distinct(names), images, strict=True)
    ]


def scene_name(image: str) -> str:
    """A scene's name from its file's: letters, digits, '-' and '_'."""
    stem = Path(file_name(image)).stem
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_") or "scene"


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where they are alike or one ends with another (loaders trip there)."""
    plain = [name.casefold() for name in names]
    clash = any(
        i != j and (a == b or a.endswith(b))
        for i, a in enumerate(plain)
        for j, b in enumerate(plain)
    )
    if not clash:
        return list(names)
    digits = len(str(len(names)))
    return [f"{name}_{number:0{digits}d}" for number, name in enumerate(names, start=1)]


def _labels(labels: str, given: Mapping[str, Any]) -> dict[str, Any]:
    path, layer = split_layer(labels)
    return _without_none(
        {
            "path": path,
            "layer": layer,
            "where": given.get("where"),
            "crs": given.get("labels_crs"),
            "id_field": given.get("id_field"),
            "class_name": given.get("class_name"),
            "buffer_m": given.get("buffer_m"),
        }
    )


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _table(
    recipe: dict[str, Any], table: str, given: Mapping[str, Any], names: Sequence[str]
) -> None:
    values = {name: given[name] for name in names if name in given}
    if values:
        recipe[table] = values


def _split(recipe: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Fractions without a way to split mean blocks, which never leak."""
    by = given.get("split_by")
    fractions = given.get("split")
    more = {name: given[name] for name in SPLIT_OPTIONS if name in given}
    if by is None and fractions is None and not more:
        return
    recipe["split"] = {"by": by or ("kfold" if "folds" in more else "blocks")} | more
    if fractions is not None:
        recipe["split"]["fractions"] = (
            parse_fractions(fractions) if isinstance(fractions, str) else dict(fractions)
        )


def parse_fractions(text: str) -> dict[str, float]:
    """{'train': 0.8, …} from 'train=0.8,val=0.1,test=0.1'.

    Raises:
        RecipeError: it is not written so.
    """
    fractions: dict[str, float] = {}
    for part in text.split(","):
        name, equals, share = part.partition("=")
        try:
            fractions[name.strip()] = float(share)
        except ValueError:
            equals = ""
        if not equals:
            raise RecipeError(f"split '{text}': write NAME=SHARE,…, such as train=0.8,val=0.2")
    return fractions
