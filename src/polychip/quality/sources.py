"""The dataset's sources, where they are found again unchanged."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polychip.errors import InputError, PolychipError
from polychip.io.identity import content_id
from polychip.recipe import Recipe, Scene, load_recipe, map_paths, source_files
from polychip.state import RunState

MOVED = "source moved"
CHANGED = "source moved or changed"


@dataclass(frozen=True, slots=True)
class Sources:
    """The recipe with its paths as they are on this machine, and what is amiss with each."""

    recipe: Recipe
    amiss: Mapping[str, str]
    """Reason by path, for files that are gone or have other content than at the time."""

    def scene(self, name: str) -> Scene | None:
        """A scene of the recipe."""
        return next((scene for scene in self.recipe.scenes if scene.name == name), None)

    def why_not_images(self, scene: Scene) -> str | None:
        """Why a scene's imagery can't be compared; None when it can."""
        layers = (scene.layers or {}).values()
        return self._first_reason([*(scene.image or ()), *(f for x in layers for f in x.files)])

    def why_not_labels(self, scene: Scene) -> str | None:
        """Why a scene's labels can't be compared; None when they can."""
        paths = [entry.path for entry in (*scene.labels, *scene.extent)]
        return self._first_reason(paths + [entry.path for entry in scene.ignore])

    def _first_reason(self, paths: list[str]) -> str | None:
        return next((self.amiss[path] for path in paths if path in self.amiss), None)


def find_sources(folder: Path, manifest: Mapping[str, Any]) -> Sources:
    """Look for the sources where the recipe says, then where this machine had them.

    Raises:
        RecipeError: the dataset's recipe can't be read.
    """
    recipe = load_recipe(folder / "recipe.toml")
    wanted = source_files(recipe)
    ids = [entry.get("content_id") for entry in manifest["sources"]]
    noted = (RunState(folder).read("sources.json") or {}).get("paths", [])
    places: dict[str, str] = {}
    amiss: dict[str, str] = {}
    for number, path in enumerate(wanted):
        content = ids[number] if len(ids) == len(wanted) else None
        candidates = [path, *([noted[number]] if len(noted) == len(wanted) else [])]
        places[path], reason = _choose(candidates, content)
        if reason:
            amiss[places[path]] = reason
    return Sources(map_paths(recipe, lambda path: places.get(path, path)), amiss)


def _choose(candidates: list[str], content: str | None) -> tuple[str, str | None]:
    """The first place that holds what the dataset was made from, or why there is none."""
    reason = f"{MOVED}: {candidates[0]} is not there"
    for path in candidates:
        try:
            if content_id(path) == content:
                return path, None
        except (InputError, OSError):
            continue
        reason = f"{CHANGED}: {path} is not what the dataset was made from"
    return candidates[0], reason


def sources_or_reason(folder: Path, manifest: Mapping[str, Any]) -> Sources | str:
    """The sources, or why none of them can be looked for."""
    try:
        return find_sources(folder, manifest)
    except PolychipError as error:
        return str(error)
