"""What a dataset in a bucket says: its recipe without this machine's folders, and closing words."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polychip.addresses import is_remote
from polychip.errors import RecipeError
from polychip.finish import Summary, class_names, relative_recipe
from polychip.manifest import read_schema
from polychip.recipe import Recipe, source_files
from polychip.statistics import Counts


def with_path(recipe: Recipe, path: str) -> Recipe:
    """The recipe with another output."""
    output = recipe.output.model_copy(update={"path": path})
    return recipe.model_copy(update={"output": output})


def bucket_recipe(recipe: Recipe) -> str:
    """The recipe that is stored in a bucket, as TOML.

    A bucket is nowhere beside the sources that are files, so their paths are those that a dataset
    in the folder that holds them all would tell: a copy put there finds them.
    """
    folders = {os.path.dirname(path) for path in source_files(recipe) if not is_remote(path)}  # noqa: PTH120
    beside = Path(os.path.commonpath(folders) if folders else Path.cwd()) / "dataset"
    return relative_recipe(with_path(recipe, str(beside)), beside).to_toml()


def refuse_borrowed(recipe: Recipe) -> None:
    """Refuse windows of images that nobody finds from a bucket.

    Raises:
        RecipeError: the dataset would hold no images, and theirs are files on this machine.
    """
    images = [
        path
        for scene in recipe.scenes
        for path in (
            *(scene.image or ()),
            *(file for layer in (scene.layers or {}).values() for file in layer.files),
        )
    ]
    local = [path for path in images if not is_remote(path)]
    if recipe.output.images == "none" and local:
        raise RecipeError(
            f"{recipe.output.path}: with output.images = 'none' chips are windows of the sources, "
            f"and from a bucket there is no way to {local[0]}; leave images = 'copies', or give "
            "the images' addresses"
        )


def summary_of(folder: Path, manifest: Mapping[str, Any], *, report: bool) -> Summary:
    """The closing words of a dataset that an earlier run made."""
    counts, scenes = manifest["counts"], manifest["scenes"]
    sources = [source for scene in scenes for source in scene["labels"]]
    tiny: Counter[str] = Counter()
    for scene in scenes:
        tiny.update(scene["tiny_by_class"])
    return Summary(
        output=folder,
        counts=Counts(
            counts["chips"],
            Counter(counts["by_split"]),
            Counter(counts["by_scene"]),
            Counter({int(code): n for code, n in counts["pixels"].items()}),
            n_object_views=counts["object_views"],
        ),
        class_names=class_names(read_schema(manifest["schema"])),
        shares=manifest["split"]["shares"],
        skipped=counts["skipped"],
        failed=counts["failed"],
        tiny=dict(tiny),
        repaired=[fid for source in sources for fid in source["repaired"]],
        n_empty=sum(source["n_empty"] + source["n_unreadable"] for source in sources),
        n_objects=sum(s["objects"] for s in scenes) if manifest["mode"] != "semantic" else 0,
        small_rests=counts["small_rests"],
        digest=manifest["digest"],
        report=report,
    )
