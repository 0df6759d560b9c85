"""Images and index masks as PNG files in mmseg's folders.

Source: MMSegmentation, "Prepare dataset" (BaseSegDataset).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polychip.formats.chip import SourceChip
from polychip.formats.class_values import ClassValues, contiguous_values, own_values
from polychip.formats.images import ImageWriter, image_writer
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source
from polychip.io.png import encode_png

_LAYOUT = """\
img_dir/SPLIT/*{suffix}     the chips
ann_dir/SPLIT/*.png     class values, the same stems
"""
_SNIPPET = """\
import json
from pathlib import Path

import numpy as np
from PIL import Image

facts = json.loads(Path("conversion.json").read_text("utf-8"))["facts"]
names = {{entry["value"]: entry["name"] for entry in facts["classes"]}}
for path in sorted(Path("ann_dir/{split}").glob("*.png")):
    mask = np.array(Image.open(path))  # (height, width), {ignore} = ignore
    image_path = Path("img_dir/{split}", path.stem + "{suffix}")
"""


def prepare(preparation: Preparation) -> "IndexPng":
    """PNG for a dataset; `values` is contiguous (0, 1, 2, … without gaps) or codes."""
    kept = preparation.option("values", "contiguous", ("contiguous", "codes")) == "codes"
    source = preparation.source
    values = own_values(source) if kept else contiguous_values(source, preparation.name)
    return IndexPng(source, image_writer(preparation), values)


@dataclass(frozen=True, slots=True)
class IndexPng:
    """PNG masks of one dataset."""

    source: Source
    images: ImageWriter
    values: ClassValues

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write image and mask."""
        name = f"{chip.split}/{chip.stem}"
        self.images.write(chip, out / f"img_dir/{name}{self.images.suffix}")
        mask = self.values.apply(chip, chip.semantic())
        palette = self.values.palette() if self.values.dtype == "uint8" else None
        (out / f"ann_dir/{name}.png").write_bytes(encode_png(mask, palette))
        return Entry(chip.split)

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """Make the folders; there are no tables."""
        for split in self.source.splits:
            for kind in ("img_dir", "ann_dir"):
                (out / kind / split).mkdir(parents=True)
        yield lambda entry: None  # noqa: ARG005

    def card(self) -> Card:
        """How it is read."""
        suffix, split = self.images.suffix, self.source.splits[0]
        return Card(
            "Images and index masks (mmseg)",
            _LAYOUT.format(suffix=suffix),
            _SNIPPET.format(split=split, suffix=suffix, ignore=self.values.ignore),
            (
                "objects: the masks are of classes only",
                "georeferencing: a file's stem is the chip's scene, row and column in the dataset",
            ),
            {
                "ignore": self.values.ignore,
                "classes": self.values.facts(),
                **self.images.facts(self.source),
            },
        )
