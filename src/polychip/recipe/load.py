"""From TOML to a checked recipe, and the files it names."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from polychip.addresses import BUCKET, is_bucket, is_read, is_remote, plain_address
from polychip.errors import RecipeError, nearest
from polychip.recipe.chips import ChipOptions, GridOptions, MaskOptions
from polychip.recipe.faults import dotted, is_beside_the_point, place, wrong
from polychip.recipe.model import Recipe
from polychip.recipe.output import FormatOptions, OutputOptions, SplitOptions
from polychip.recipe.schema import ClassEntry, SchemaOptions
from polychip.recipe.sources import (
    ExtentSource,
    FeatureSource,
    IgnoreRaster,
    LabelSource,
    Layer,
    Scene,
)
from polychip.recipe.targets import (
    BoundaryOptions,
    CenterOptions,
    ConfidenceOptions,
    ContactOptions,
    CoverageOptions,
    DistanceOptions,
    WeightOptions,
)


def load_recipe(path: str | Path) -> Recipe:
    """The recipe in a file, its paths made absolute from the file's folder.

    Raises:
        RecipeError: the file can't be read, or doesn't say something that can be run.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecipeError(
            f"{file}: no such recipe; check the path, or write one with `polychip init`"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{file}: the recipe can't be read: {error}") from error
    return load_recipe_text(text, base=file.resolve().parent, where=str(file))


def load_recipe_text(text: str, *, base: Path, where: str) -> Recipe:
    """The recipe in a text; relative paths start at `base`.

    Raises:
        RecipeError: it is not TOML, or doesn't say something that can be run.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where}: not valid TOML: {error}") from error
    return build_recipe(data, base=base, where=where)


def build_recipe(data: dict[str, Any], *, base: Path, where: str) -> Recipe:
    """A checked recipe from plain values; relative paths start at `base`.

    Raises:
        RecipeError: something can't be run; the message names each key.
    """
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        raise RecipeError(_explain(error, where)) from error
    for path in (*source_files(recipe), recipe.output.path, recipe.split.frozen or ""):
        if "\0" in path:
            raise RecipeError(f"{where}: {path!r} holds a NUL, which no path does; correct it")
    for path in map(plain_address, source_files(recipe)):
        if is_remote(path) and not is_read(path):
            raise RecipeError(
                f"{where}: {path}: files on disk are read, and those at http://, https:// and "
                "s3:// addresses; download or unpack it first, or mount the store"
            )
    check_output(recipe.output.path)
    return map_paths(recipe, lambda path: absolute_path(path, base))


def check_output(output: str) -> None:
    """Refuse an output that is neither a folder on disk nor a place in a bucket.

    Raises:
        RecipeError: it is another kind of address, or one that no folder of objects can have.
    """
    address = plain_address(output)
    if address.startswith("s3:/") and not is_bucket(address):
        raise RecipeError(f"{output}: a path has lost a slash of its address; give it as a text")
    if not is_remote(address):
        return
    if not is_bucket(address):
        raise RecipeError(
            f"{output}: a dataset is written to a folder on disk or to s3://BUCKET/PREFIX, not to "
            "another address; choose a folder and copy it there afterwards (rclone), or mount the "
            "store"
        )
    bucket, *parts = address.removeprefix(BUCKET).rstrip("/").split("/")
    if not bucket or "@" in bucket or any(part in ("", ".", "..") for part in parts):
        raise RecipeError(
            f"{output}: not an address that a dataset can have; write s3://BUCKET/PREFIX, without "
            "empty parts, '.' and '..'; keys belong into the environment"
        )
    if "?" in address or "#" in address:
        raise RecipeError(f"{output}: choose an address without '?' and '#'")


def source_files(recipe: Recipe) -> list[str]:
    """Every input file of a recipe, each once, in order."""
    files: dict[str, None] = {}
    for scene in recipe.scenes:
        paths = [*(scene.image or ())]
        paths += [file for layer in (scene.layers or {}).values() for file in layer.files]
        paths += [entry.path for entry in (*scene.labels, *scene.extent)]
        paths += [entry.path for entry in scene.ignore]
        files.update(dict.fromkeys(paths))
    if recipe.chips.features is not None:
        files.setdefault(recipe.chips.features.path)
    return list(files)


def absolute_path(path: str, base: Path) -> str:
    """The path from `base`; addresses as they are, in one way to write them."""
    path = plain_address(path)
    if is_bucket(path):
        return path.rstrip("/")
    return path if is_remote(path) else str((base / Path(path).expanduser()).resolve())


def map_paths(recipe: Recipe, change: Any) -> Recipe:
    """The recipe with `change` applied to each input path and to the output path."""

    def source(entry: Any) -> Any:
        return entry.model_copy(update={"path": change(entry.path)})

    scenes = []
    for scene in recipe.scenes:
        layers = scene.layers and {
            name: layer.model_copy(update={"files": [change(file) for file in layer.files]})
            for name, layer in scene.layers.items()
        }
        scenes.append(
            scene.model_copy(
                update={
                    "image": scene.image and [change(file) for file in scene.image],
                    "layers": layers,
                    "labels": [source(entry) for entry in scene.labels],
                    "extent": [source(entry) for entry in scene.extent],
                    "ignore": [source(entry) for entry in scene.ignore],
                }
            )
        )
    changed: dict[str, Any] = {
        "scenes": scenes,
        "output": recipe.output.model_copy(update={"path": change(recipe.output.path)}),
    }
    if recipe.chips.features is not None:
        features = source(recipe.chips.features)
        changed["chips"] = recipe.chips.model_copy(update={"features": features})
    if recipe.split.frozen is not None:
        frozen = change(recipe.split.frozen)
        changed["split"] = recipe.split.model_copy(update={"frozen": frozen})
    return recipe.model_copy(update=changed)


_KNOWN_KEYS: dict[str, type[BaseModel]] = {
    "schema": SchemaOptions, "grid": GridOptions, "chips": ChipOptions, "masks": MaskOptions,
    "split": SplitOptions, "output": OutputOptions, "scenes": Scene, "labels": LabelSource,
    "extent": ExtentSource, "features": FeatureSource, "ignore": IgnoreRaster,
    "classes": ClassEntry, "layers": Layer,
    "boundary": BoundaryOptions, "contact": ContactOptions, "distance": DistanceOptions,
    "center": CenterOptions, "weights": WeightOptions, "coverage": CoverageOptions,
    "confidence": ConfidenceOptions,
    "formats": FormatOptions,
}  # fmt: skip


def _explain(error: ValidationError, where: str) -> str:
    """One line a problem: the key's place in the recipe, what is wrong, the nearest key."""
    lines = []
    problems = error.errors()
    for problem in problems:
        if is_beside_the_point(problem):
            continue
        location = list(place(problem))
        name = dotted(location)
        if problem["type"] == "extra_forbidden":
            owner = next((p for p in reversed(location[:-1]) if p in _KNOWN_KEYS), None)
            model = _KNOWN_KEYS[str(owner)] if owner else Recipe
            known = [field.alias or key for key, field in model.model_fields.items()]
            lines.append(f"unknown key '{name}'{nearest(str(location[-1]), known)}")
        else:
            lines.append(f"{name} {wrong(problem)}".strip(" :").replace(" : ", ": "))
    return f"{where}: " + "; ".join(dict.fromkeys(lines))
