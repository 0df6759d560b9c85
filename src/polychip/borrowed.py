"""Images of a dataset that holds none: windows of the sources, read where they lie."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.addresses import is_remote
from polychip.errors import InputError
from polychip.grid import Window
from polychip.image import ImageSource
from polychip.io.identity import content_id
from polychip.io.sources import open_layer
from polychip.recipe import Scene, load_recipe, source_files
from polychip.scenes.imagery import open_imagery


class BorrowedImages:
    """Reads chips' images from the sources; files are opened at the first use."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        """Note where the sources should lie."""
        self._recipe = load_recipe(folder / "recipe.toml")
        ids = [entry["content_id"] for entry in manifest["sources"]]
        self._content = dict(zip(source_files(self._recipe), ids, strict=True))
        self._open: dict[str, dict[str, ImageSource]] = {}

    def read(self, scene: str, window: Window) -> dict[str, NDArray[np.generic]]:
        """Pixels (bands, height, width) by layer, '' for the only one.

        Raises:
            InputError: a source is gone, or not what the dataset was made from.
        """
        if scene not in self._open:
            self._open[scene] = self._open_scene(scene)
        return {name: source.read(window)[0] for name, source in self._open[scene].items()}

    def _open_scene(self, name: str) -> dict[str, ImageSource]:
        [scene] = [scene for scene in self._recipe.scenes if scene.name == name]
        for path in _image_files(scene):
            gone = not is_remote(path) and not Path(path).exists()
            if gone or content_id(path) != self._content[path]:
                raise InputError(
                    f"{path}: this dataset holds no images, its chips are windows of this file, "
                    "which is gone or has changed; put the file back where recipe.toml has it"
                )
        imagery = open_imagery(scene, self._recipe.grid)
        return {layer: open_layer(plan) for layer, plan in imagery.layers}


def _image_files(scene: Scene) -> list[str]:
    layers = (scene.layers or {}).values()
    return [*(scene.image or ()), *(file for layer in layers for file in layer.files)]
