"""Semantic segmentation for ultralytics: an index PNG of the same stem as each image.

Source: docs.ultralytics.com, semantic segmentation datasets (`masks_dir`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polychip.formats.chip import SourceChip
from polychip.formats.class_values import ClassValues, contiguous_values
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source
from polychip.formats.yaml_text import yaml_lines
from polychip.formats.yolo_images import YoloImages, data_yaml, yolo_images
from polychip.io.png import encode_png

_LAYOUT = """\
data.yaml            classes 0, 1, 2, …, splits, channels
images/SPLIT/*{suffix}
masks/SPLIT/*.png    0 background, 1, 2, … the classes, 255 ignore; the same stems
"""
_SNIPPET = """\
from ultralytics.data.dataset import SemanticDataset
from ultralytics.data.utils import check_det_dataset

data = check_det_dataset("data.yaml")
chips = SemanticDataset(
    img_path=data["{key}"], data=data, task="semantic", augment=False, imgsz={size}
)
mask = chips[0]["semantic_mask"]
"""


def prepare(preparation: Preparation) -> "YoloSemantic":
    """Semantic YOLO for a dataset; it has no options but those of the images."""
    values = contiguous_values(preparation.source, preparation.name)
    return YoloSemantic(preparation.source, yolo_images(preparation), values)


@dataclass(frozen=True, slots=True)
class YoloSemantic:
    """Semantic YOLO of one dataset."""

    source: Source
    images: YoloImages
    values: ClassValues

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write image and mask."""
        name = f"{chip.split}/{chip.stem}"
        self.images.write(chip, out / f"images/{name}{self.images.suffix}")
        mask = self.values.apply(chip, chip.semantic())
        (out / f"masks/{name}.png").write_bytes(encode_png(mask))
        return Entry(chip.split)

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """Folders, and data.yaml."""
        for split in self.source.splits:
            for kind in ("images", "masks"):
                (out / kind / split).mkdir(parents=True)
        yield lambda entry: None  # noqa: ARG005
        names = dict(self.values.names)
        text = yaml_lines(data_yaml(self.source, names, self.images.channels, masks_dir="masks"))
        (out / "data.yaml").write_text(text, encoding="utf-8")

    def card(self) -> Card:
        """How it is read."""
        key = "train" if "train" in self.source.splits else "val"
        return Card(
            "YOLO semantic segmentation (ultralytics)",
            _LAYOUT.format(suffix=self.images.suffix),
            _SNIPPET.format(key=key, size=max(self.source.chip_shape)),
            (
                "objects: the masks are of classes only (yolo-seg holds objects)",
                "georeferencing: a file's stem is the chip's scene, row and column in the dataset",
            ),
            {
                "ignore": self.values.ignore,
                "classes": self.values.facts(),
                **self.images.facts(self.source),
            },
        )
