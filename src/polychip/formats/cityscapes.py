"""Cityscapes: label ids, and instance ids that hold the class in their thousands.

Source: cityscapesScripts, helpers/labels.py and preparation/json2instanceImg.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip
from polychip.formats.class_values import ClassValues, contiguous_values
from polychip.formats.images import ImageWriter, image_writer
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source, standard_splits
from polychip.io.png import encode_png

MOST_OBJECTS = 1000
"""Of one class in a chip: the next would be read as the first of the next class."""
MOST_CLASSES = 64
"""65 × 1000 + 999 is more than 16 bits hold."""
_HIDDEN = "objects wholly hidden by others"
_LAYOUT = """\
leftImg8bit/SPLIT/SCENE/SCENE_ROW_COL_leftImg8bit.png
gtFine/SPLIT/SCENE/SCENE_ROW_COL_gtFine_labelIds.png      0 background, 1, 2, … the classes,
                                                          255 ignore
{objects}"""
_OBJECTS = """\
gtFine/SPLIT/SCENE/SCENE_ROW_COL_gtFine_instanceIds.png   class × 1000 + object from 0; below 1000:
                                                          a label id without objects
"""
_SNIPPET = """\
import numpy as np
from torchvision.datasets import Cityscapes

chips = Cityscapes(".", split="{split}", mode="fine", target_type="{target}")
image, mask = chips[0]
ids = np.array(mask)
{tail}"""
_TAIL = """\
labels = np.where(ids < 1000, ids, ids // 1000)
"""


def prepare(preparation: Preparation) -> "Cityscapes":
    """Cityscapes for a dataset.

    Raises:
        FormatError: its splits have other names, or it has more than 64 classes.
    """
    source = preparation.source
    splits = standard_splits(source, preparation.name)
    if source.has_objects and len(source.classes) > MOST_CLASSES:
        raise FormatError(
            f"{source.folder}: cityscapes holds objects of up to {MOST_CLASSES} classes in 16 "
            f"bits, the dataset has {len(source.classes)}; merge classes, or choose coco"
        )
    cities = {scene: scene.replace("_", "-") for scene in source.scenes}
    if len({city.casefold() for city in cities.values()}) < len(cities):
        raise FormatError(
            f"{source.folder}: cityscapes separates names by _, so the scenes' are written with -, "
            "and then two are alike; rename a scene in the recipe"
        )
    values = contiguous_values(source, preparation.name)
    return Cityscapes(source, image_writer(preparation), values, splits, cities)


@dataclass(frozen=True, slots=True)
class Cityscapes:
    """Cityscapes of one dataset."""

    source: Source
    images: ImageWriter
    values: ClassValues
    splits: dict[str, str]
    """Cityscapes' name of each split."""
    cities: dict[str, str]
    """Folder of each scene."""

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write image and ids."""
        city = self.cities[chip.scene]
        place = f"{chip.row['row']:07d}_{chip.row['col']:07d}"
        name = f"{self.splits[chip.split]}/{city}/{city}_{place}"
        self.images.write(chip, out / f"leftImg8bit/{name}_leftImg8bit{self.images.suffix}")
        labels = self.values.apply(chip, chip.semantic())
        palette = self.values.palette()
        (out / f"gtFine/{name}_gtFine_labelIds.png").write_bytes(encode_png(labels, palette))
        if self.source.has_objects:
            ids = self._instance_ids(chip, labels)
            (out / f"gtFine/{name}_gtFine_instanceIds.png").write_bytes(encode_png(ids))
        hidden = sum(1 for row in chip.objects if row["local_id"] == 0)
        return Entry(chip.split, None, {_HIDDEN: hidden})

    def _instance_ids(self, chip: SourceChip, labels: NDArray[np.generic]) -> NDArray[np.uint16]:
        """Ids (height, width): each class's objects count from 0 in painting order."""
        shown = [row for row in chip.objects if row["local_id"]]
        table = np.zeros(1 + max((int(r["local_id"]) for r in shown), default=0), dtype=np.int64)
        counts: dict[int, int] = {}
        for row in shown:
            code = int(row["class_code"])
            number = counts.get(code, 0)
            if number >= MOST_OBJECTS:
                raise chip.refused(
                    f"it shows more than {MOST_OBJECTS} objects of class "
                    f"'{self.source.schema.by_code[code].name}', which Cityscapes' ids can't tell "
                    "from the next class",
                    "make chips smaller (chips.size), or choose coco, which has no such limit",
                )
            counts[code] = number + 1
            table[int(row["local_id"])] = self.values.by_code[code] * 1000 + number
        instance = chip.instance().astype(np.int64)
        ids = np.where(instance > 0, table[instance], labels)
        return ids.astype(np.uint16)

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """Make the folders; there are no tables."""
        for split in self.splits.values():
            for city in self.cities.values():
                for kind in ("leftImg8bit", "gtFine"):
                    (out / kind / split / city).mkdir(parents=True)
        yield lambda entry: None  # noqa: ARG005

    def card(self) -> Card:
        """How it is read."""
        objects = self.source.has_objects
        return Card(
            "Cityscapes",
            _LAYOUT.format(objects=_OBJECTS if objects else ""),
            _SNIPPET.format(
                split=next(iter(self.splits.values())),
                target="instance" if objects else "semantic",
                tail=_TAIL if objects else "",
            ),
            (
                f"more than {MOST_OBJECTS} objects of a class in a chip: such a chip stops the "
                "conversion",
                "parts of objects that others hide: each pixel has one object (coco holds them)",
                "the original's polygons (_polygons.json)",
                "georeferencing: a file's name is the chip's scene, row and column in the dataset",
            ),
            {
                "ignore": self.values.ignore,
                "classes": self.values.facts(),
                "splits": self.splits,
                **self.images.facts(self.source),
            },
        )
