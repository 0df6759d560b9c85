"""A dataset as formats see it: facts of its manifest, and what they ask most."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from affine import Affine

from polychip.errors import FormatError, nearest
from polychip.manifest import read_manifest, read_schema
from polychip.schema import ClassDef, LabelSchema

DEFAULT_SPLIT = "train"
"""Where chips of a dataset without splits go: trainers ask for a split of this name."""
_STANDARD = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validate": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """The dataset that is converted; small, and pickled to the workers."""

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Source":
        """Read the manifest.

        Raises:
            InputError: there is no dataset.
        """
        return cls(folder, read_manifest(folder))

    @cached_property
    def schema(self) -> LabelSchema:
        """Classes, codes and colours."""
        return read_schema(self.manifest["schema"])

    @property
    def classes(self) -> tuple[ClassDef, ...]:
        """Classes by code, without background and ignore."""
        return self.schema.mask_classes

    @property
    def things(self) -> tuple[ClassDef, ...]:
        """Classes whose objects are counted, by code."""
        return tuple(entry for entry in self.classes if entry.thing)

    @property
    def background_name(self) -> str:
        """What the schema calls background."""
        entry = self.schema.by_code.get(self.schema.background)
        return entry.name if entry else "background"

    @property
    def has_objects(self) -> bool:
        """Whether there are instance masks and a table of objects."""
        return bool(self.manifest["mode"] != "semantic")

    @property
    def n_chips(self) -> int:
        """Number of chips."""
        return int(self.manifest["counts"]["chips"])

    @property
    def chip_shape(self) -> tuple[int, int]:
        """(height, width) in pixels, the same for all chips."""
        return int(self.manifest["chip"]["height"]), int(self.manifest["chip"]["width"])

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits; the default one when chips are not divided."""
        return tuple(self.manifest["split"]["names"]) or (DEFAULT_SPLIT,)

    @cached_property
    def scenes(self) -> dict[str, Mapping[str, Any]]:
        """The manifest's entry of each scene, by name."""
        return {scene["name"]: scene for scene in self.manifest["scenes"]}

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the image layers; 'image' for the only one."""
        return tuple(self.manifest["scenes"][0]["layers"])

    def layer(self, name: str | None) -> str:
        """An image layer; the first one for None.

        Raises:
            FormatError: there is no such layer.
        """
        if name is None:
            return self.layers[0]
        if name not in self.layers:
            raise FormatError(
                f"{self.folder}: no layer '{name}'{nearest(name, self.layers)}; it has "
                + ", ".join(self.layers)
            )
        return name

    def image_kind(self, layer: str) -> str:
        """The name under which the index lists a layer's files."""
        return "image" if layer == "image" else f"image_{layer}"

    def band_names(self, layer: str) -> list[str | None]:
        """Descriptions of a layer's bands."""
        return list(self.manifest["scenes"][0]["layers"][layer]["bands"])

    def dtype(self, layer: str) -> str:
        """A layer's type of pixels; scenes of one dataset share it, or the first one's counts."""
        return str(self.manifest["scenes"][0]["layers"][layer]["dtype"])

    def scene_transform(self, scene: str) -> Affine:
        """Pixel (column, row) of the scene to CRS coordinates."""
        return Affine(*self.scenes[scene]["transform"])


def standard_split(name: str) -> str | None:
    """'train', 'val' or 'test' for the usual spellings of them, else None."""
    return _STANDARD.get(name.casefold())


def standard_splits(source: Source, format_name: str) -> dict[str, str]:
    """The standard name of each split, for formats that know no others.

    Raises:
        FormatError: a split is none of them, or two are the same.
    """
    found = {name: standard_split(name) for name in source.splits}
    odd = [name for name, plain in found.items() if plain is None]
    known = [plain for plain in found.values() if plain]
    if odd or len(set(known)) < len(known):
        what = f"is named '{odd[0]}'" if odd else "is there twice"
        raise FormatError(
            f"{source.folder}: {format_name} knows the splits train, val and test, and one of the "
            f"dataset's ({', '.join(source.splits)}) {what}; build the dataset with these names in "
            "split.fractions, or choose another format"
        )
    return {name: plain for name, plain in found.items() if plain}
