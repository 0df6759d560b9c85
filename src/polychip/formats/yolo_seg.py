"""YOLO segmentation (ultralytics): a text file a chip, a polygon a line.

Source: docs.ultralytics.com, "Instance Segmentation Datasets Overview".
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polychip.formats.chip import SourceChip
from polychip.formats.contour import outline
from polychip.formats.object_masks import object_masks
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source
from polychip.formats.yaml_text import yaml_lines
from polychip.formats.yolo_images import YoloImages, data_yaml, yolo_images

_LAYOUT = """\
data.yaml            classes 0, 1, 2, …, splits, channels
images/SPLIT/*{suffix}
labels/SPLIT/*.txt   class x1 y1 x2 y2 … (0 to 1, pixel centres); empty: no object
"""
_SNIPPET = """\
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset

data = check_det_dataset("data.yaml")
chips = YOLODataset(img_path=data["{key}"], data=data, task="segment", augment=False, imgsz={size})
masks = chips[0]["masks"]
# training: yolo segment train data=data.yaml model=yolo11n-seg.pt imgsz={size}
"""


def prepare(preparation: Preparation) -> "YoloSeg":
    """YOLO for a dataset; `masks` is full (parts hidden by others included) or visible."""
    visible = preparation.option("masks", "full", ("full", "visible")) == "visible"
    return YoloSeg(preparation.source, yolo_images(preparation), visible)


@dataclass(frozen=True, slots=True)
class YoloSeg:
    """YOLO polygons of one dataset."""

    source: Source
    images: YoloImages
    visible: bool

    @property
    def numbers(self) -> dict[int, int]:
        """Class number from 0 by code, without gaps."""
        return {entry.code: number for number, entry in enumerate(self.source.things)}

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write image and polygons."""
        name = f"{chip.split}/{chip.stem}"
        self.images.write(chip, out / f"images/{name}{self.images.suffix}")
        numbers, left_out, lines = self.numbers, Counter[str](), dict[str, None]()
        n_objects = 0
        for found in object_masks(chip, visible=self.visible):
            n_objects += 1
            shape = outline(found.mask)
            if shape.n_parts > 1:
                left_out["objects in several parts, joined by lines"] += 1
                left_out["pixels (at most) under lines that join parts"] += shape.bridge_px
            points = shape.points + np.array([found.x, found.y])
            lines[_line(numbers[found.row["class_code"]], points.tolist(), chip.shape)] = None
        left_out["objects that lie exactly on another of their class"] = n_objects - len(lines)
        left_out["objects wholly hidden by others"] = len(chip.objects) - n_objects
        text = "".join(f"{line}\n" for line in lines)
        (out / f"labels/{name}.txt").write_text(text, encoding="utf-8")
        return Entry(chip.split, None, dict(left_out))

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """Folders, and data.yaml."""
        for split in self.source.splits:
            for kind in ("images", "labels"):
                (out / kind / split).mkdir(parents=True)
        yield lambda entry: None  # noqa: ARG005
        names = {number: self.source.schema.by_code[c].name for c, number in self.numbers.items()}
        text = yaml_lines(data_yaml(self.source, names, self.images.channels))
        (out / "data.yaml").write_text(text, encoding="utf-8")

    def card(self) -> Card:
        """How it is read."""
        key = "train" if "train" in self.source.splits else "val"
        return Card(
            "YOLO segmentation (ultralytics)",
            _LAYOUT.format(suffix=self.images.suffix),
            _SNIPPET.format(key=key, size=max(self.source.chip_shape)),
            (
                "holes and separate parts as such: one polygon an object. A hole is cut in from "
                "the outline, exact in the chip's own pixels but not once it is resized; parts are "
                "joined by lines (counted below). yolo-semantic has neither limit",
                "stuff classes and ignore: yolo-semantic holds them",
                "two objects of a class with the same pixels: the loader drops duplicates",
                "georeferencing: a file's stem is the chip's scene, row and column in the dataset",
            ),
            {
                "masks": "visible" if self.visible else "full",
                "classes": [
                    {"code": c.code, "number": n, "name": c.name}
                    for n, c in enumerate(self.source.things)
                ],
                **self.images.facts(self.source),
            },
        )


def _line(number: int, points: list[list[int]], shape: tuple[int, int]) -> str:
    """A class and its polygon; three points at least, or it would be read as a box."""
    height, width = shape
    points = points + [points[-1]] * (3 - len(points))
    places = (f"{(x + 0.5) / width:.8g} {(y + 0.5) / height:.8g}" for x, y in points)
    return f"{number} {' '.join(places)}"
