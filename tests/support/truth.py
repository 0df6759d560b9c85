"""What a dataset holds, read with rasterio, pyarrow and pycocotools alone: the truth for its readers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as rle

from support.datasets import read_chip, rows
from support.traps import stem


@dataclass(frozen=True)
class Truth:
    """A chip's arrays and objects."""

    row: dict[str, Any]
    semantic: NDArray[Any]
    instance: NDArray[Any] | None
    image: NDArray[Any]
    objects: list[dict[str, Any]]

    @property
    def stem(self) -> str:
        """What its files are called in other formats."""
        return stem(self.row)

    @property
    def split(self) -> str:
        """Its split; 'train' without splits."""
        return self.row["split"] or "train"

    def whole(self, found: dict[str, Any]) -> NDArray[np.bool_]:
        """An object's mask, parts hidden by others included."""
        size = list(self.semantic.shape)
        return rle.decode({"size": size, "counts": found["rle"].encode()}).astype(bool)


def truths(dataset: Path) -> Iterator[Truth]:
    """All chips in the index's order."""
    objects: dict[tuple[str, str], list[dict[str, Any]]] = {}
    if (dataset / "instances.parquet").exists():
        for found in rows(dataset, "instances"):
            objects.setdefault((found["scene"], found["chip_id"]), []).append(found)
    for row in rows(dataset):
        layer = next(kind for kind in row["files"] if kind.startswith("image"))
        has_objects = bool(row["files"].get("instance"))
        yield Truth(
            row,
            read_chip(dataset, row, "semantic")[0],
            read_chip(dataset, row, "instance")[0] if has_objects else None,
            read_chip(dataset, row, layer),
            objects.get((row["scene"], row["chip_id"]), []),
        )
