"""The recipe as a whole, and its text."""

from typing import Annotated, Any, Self

import tomli_w
from pydantic import Field, model_validator

from polychip.format_list import FORMATS
from polychip.recipe.chips import ChipOptions, GridOptions, MaskOptions
from polychip.recipe.output import OutputOptions, SplitOptions
from polychip.recipe.schema import SchemaOptions
from polychip.recipe.sources import Scene
from polychip.recipe.table import Table


class Recipe(Table):
    """Everything that decides a dataset. Paths are absolute once loaded."""

    scenes: Annotated[list[Scene], Field(min_length=1)]
    schema_: Annotated[SchemaOptions, Field(alias="schema")] = SchemaOptions()
    grid: GridOptions = GridOptions()
    chips: ChipOptions = ChipOptions()
    masks: MaskOptions = MaskOptions()
    split: SplitOptions = SplitOptions()
    output: OutputOptions = OutputOptions()

    @model_validator(mode="before")
    @classmethod
    def _share_labels(cls, data: Any) -> Any:
        """Give scenes with `labels_of` the labels and the extent of the scene that they name."""
        if not isinstance(data, dict) or not isinstance(data.get("scenes"), list):
            return data
        given = [scene for scene in data["scenes"] if isinstance(scene, dict)]
        own = {scene.get("name"): scene for scene in given if "labels_of" not in scene}
        scenes = []
        for scene in data["scenes"]:
            if not isinstance(scene, dict) or "labels_of" not in scene:
                scenes.append(scene)
                continue
            rest = {key: value for key, value in scene.items() if key != "labels_of"}
            other = own.get(scene["labels_of"])
            if other is None or "labels" in rest or "extent" in rest:
                raise ValueError(
                    f"scene '{scene.get('name')}': labels_of names another scene that has labels "
                    f"of its own (here '{scene['labels_of']}'), and stands in for labels and "
                    "extent"
                )
            shared = {key: other[key] for key in ("labels", "extent") if key in other}
            scenes.append(rest | shared)
        return data | {"scenes": scenes}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [scene.name.casefold() for scene in self.scenes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two scenes are named '{twice[0]}'")
        layers = {tuple(scene.layers or ()) for scene in self.scenes}
        if len(layers) > 1:
            raise ValueError(
                "scenes have different layers ("
                + "; ".join(", ".join(sorted(names)) or "unnamed" for names in sorted(layers))
                + "); each scene needs the same"
            )
        return self

    @model_validator(mode="after")
    def _context_leaves_something(self) -> Self:
        height, width = self.chips.height_width
        if 2 * self.masks.context_px >= min(height, width):
            raise ValueError(
                f"masks.context_px = {self.masks.context_px} leaves nothing of chips of {height} × "
                f"{width} px; make it less than half of their shorter side"
            )
        return self

    @model_validator(mode="after")
    def _formats_fit_the_masks(self) -> Self:
        odd = [f.to for f in self.output.formats if FORMATS[f.to].needs_objects]
        if odd and self.masks.mode == "semantic":
            raise ValueError(
                f"output.formats: {odd[0]} holds objects, which a semantic dataset has none of; "
                "masks.mode must be instance or panoptic"
            )
        return self

    def to_toml(self) -> str:
        """Every default spelled out, comments none."""
        data = self.model_dump(mode="python", by_alias=True, exclude_none=True)
        return tomli_w.dumps(_plain(data))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
