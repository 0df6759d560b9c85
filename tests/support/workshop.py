"""A folder in which a test makes an image, labels and a dataset in three lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from polychip import api
from support.labels import from_pixels, write_labels
from support.rasters import Place, place, write_raster


class Ear:
    """A reporter that keeps what it hears."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def start(self, n_chips: int, done: int) -> None:
        """Nothing."""

    def advance(self, n_chips: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Keep a note."""
        self.notes.append(text)

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self.warnings.append(text)


@dataclass
class Workshop:
    """Makes inputs and datasets in a folder; shapes are drawn in pixel coordinates."""

    folder: Path
    where: Place = field(default_factory=place)
    ear: Ear = field(default_factory=Ear)

    def image(
        self,
        pixels: NDArray[Any] | None = None,
        *,
        name: str = "image.tif",
        where: Place | None = None,
        **options: Any,
    ) -> str:
        """A GeoTIFF on the workshop's grid; by default each pixel holds its coordinates."""
        return write_raster(self.folder / name, where or self.where, pixels, **options)

    def labels(
        self,
        shapes: Sequence[Any],
        *,
        name: str = "labels.gpkg",
        where: Place | None = None,
        crs: str | None = None,
        layer: str | None = None,
        **fields: Any,
    ) -> str:
        """A vector file of shapes drawn in pixel coordinates."""
        at = where or self.where
        moved = [None if shape is None else from_pixels(at, shape, crs) for shape in shapes]
        return write_labels(self.folder / name, moved, crs or at.crs, layer=layer, **fields)

    def recipe(
        self, image: Any, labels: Any, *, out: str = "dataset", **tables: Any
    ) -> dict[str, Any]:
        """A recipe of one scene; `scene` adds keys to it, other names are tables."""
        given = {"layers": image} if isinstance(image, dict) else {"image": image}
        scene = {"name": "scene", **given, "labels": labels} | tables.pop("scene", {})
        base = {
            "scenes": [scene],
            "chips": {"size": 16},
            "output": {"path": str(self.folder / out), "compress": "none"},
        }
        return base | tables

    def build(self, image: Any, labels: Any, *, out: str = "dataset", **tables: Any) -> Path:
        """A dataset of one scene."""
        return self.run(self.recipe(image, labels, out=out, **tables))

    def run(self, recipe: dict[str, Any], **options: Any) -> Path:
        """The dataset of a recipe; what the run says is in `ear`."""
        self.ear = Ear()
        api.run(recipe, reporter=self.ear, **options)
        return Path(recipe["output"]["path"])
