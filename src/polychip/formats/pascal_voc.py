"""Pascal VOC segmentation: palette masks of classes and of objects.

Source: The PASCAL VOC 2012 development kit.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polychip.formats.chip import SourceChip
from polychip.formats.class_values import ClassValues, contiguous_values
from polychip.formats.images import ImageWriter, image_writer
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source
from polychip.io.png import encode_png

MOST_OBJECTS = 254
"""0 is background, 255 is void."""
_VOID = 255
_ROOT = "VOCdevkit/VOC2012"
_TRAINVAL, _BOTH = ("train", "val"), "trainval"
_HIDDEN = "objects wholly hidden by others"
_LAYOUT = """\
VOCdevkit/VOC2012/
  JPEGImages/*{suffix}
  SegmentationClass/*.png       palette, 0 background, 1, 2, … the classes, 255 void (ignore)
{objects}  ImageSets/Segmentation/SPLIT.txt, and trainval.txt
  labelmap.txt                  names and colours
"""
_OBJECTS = "  SegmentationObject/*.png      palette, 0 none, 1, 2, … the objects, 255 void\n"
_SNIPPET = """\
import numpy as np
from torchvision.datasets import VOCSegmentation

chips = VOCSegmentation(".", year="2012", image_set="{split}", download=False)
image, mask = chips[0]
values = np.array(mask)  # (height, width), 255 = void
"""
_SNIPPET_FILES = """\
from pathlib import Path

import numpy as np
from PIL import Image

root = Path("VOCdevkit/VOC2012")
stems = (root / "ImageSets/Segmentation/{split}.txt").read_text().split()
image = np.array(Image.open(root / f"JPEGImages/{{stems[0]}}{suffix}"))
values = np.array(Image.open(root / f"SegmentationClass/{{stems[0]}}.png"))
"""


def prepare(preparation: Preparation) -> "PascalVoc":
    """VOC for a dataset; images are JPEG, as VOC has it, unless images=png is set."""
    values = contiguous_values(preparation.source, preparation.name)
    return PascalVoc(preparation.source, image_writer(preparation, "jpeg"), values)


@dataclass(frozen=True, slots=True)
class PascalVoc:
    """Pascal VOC of one dataset."""

    source: Source
    images: ImageWriter
    values: ClassValues

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write image and masks."""
        n_objects = max((int(row["local_id"]) for row in chip.objects), default=0)
        if n_objects > MOST_OBJECTS:
            raise chip.refused(
                f"it shows {n_objects} objects, and VOC's 8-bit masks hold {MOST_OBJECTS}",
                "make chips smaller (chips.size), or choose coco, which has no such limit",
            )
        root = out / _ROOT
        self.images.write(chip, root / "JPEGImages" / (chip.stem + self.images.suffix))
        semantic, palette = chip.semantic(), voc_palette()
        name = f"{chip.stem}.png"
        classes = encode_png(self.values.apply(chip, semantic), palette)
        (root / "SegmentationClass" / name).write_bytes(classes)
        if self.source.has_objects:
            objects: NDArray[np.uint8] = chip.instance().astype(np.uint8)
            objects[semantic == self.source.schema.ignore] = _VOID
            (root / "SegmentationObject" / name).write_bytes(encode_png(objects, palette))
        hidden = sum(1 for row in chip.objects if row["local_id"] == 0)
        return Entry(chip.split, chip.stem, {_HIDDEN: hidden})

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """Split lists and the label map."""
        root = out / _ROOT
        lists = root / "ImageSets" / "Segmentation"
        objects = ("SegmentationObject",) if self.source.has_objects else ()
        for name in ("JPEGImages", "SegmentationClass", *objects):
            (root / name).mkdir(parents=True)
        lists.mkdir(parents=True)
        with ExitStack() as stack:
            files = {
                name: stack.enter_context((lists / f"{name}.txt").open("w", encoding="utf-8"))
                for name in {*self.source.splits, _BOTH}
            }

            def collect(entry: Entry) -> None:
                files[entry.split].write(f"{entry.value}\n")
                if entry.split in _TRAINVAL:
                    files[_BOTH].write(f"{entry.value}\n")

            yield collect
        palette = voc_palette()
        names = {**self.values.names, _VOID: "void"}
        text = "".join(
            f"{_one_field(name)}:{','.join(map(str, palette[value]))}::\n"
            for value, name in names.items()
        )
        (root / "labelmap.txt").write_text(
            f"# label:color_rgb:parts:actions\n{text}", encoding="utf-8"
        )

    def card(self) -> Card:
        """How it is read."""
        lossy = self.images.suffix == ".jpg"
        split = next((s for s in self.source.splits if s in _TRAINVAL), self.source.splits[0])
        snippet = _SNIPPET if lossy and split in _TRAINVAL else _SNIPPET_FILES
        return Card(
            "Pascal VOC segmentation",
            _LAYOUT.format(
                suffix=self.images.suffix, objects=_OBJECTS if self.source.has_objects else ""
            ),
            snippet.format(split=split, suffix=self.images.suffix),
            (
                f"more than {MOST_OBJECTS} objects a chip: such a chip stops the conversion",
                "parts of objects that others hide: each pixel has one object (coco holds them)",
                "splits of other names for torchvision, which reads train, val and trainval",
                *(
                    ("images pixel for pixel: JPEG loses a little (--set images=png does not)",)
                    if lossy
                    else ()
                ),
                "georeferencing: a file's stem is the chip's scene, row and column in the dataset",
            ),
            {
                "ignore": _VOID,
                "classes": self.values.facts(),
                **self.images.facts(self.source),
            },
        )


def _one_field(name: str) -> str:
    """A class's name that neither ends its field nor its line, nor begins a comment."""
    plain = " ".join(name.replace(":", " ").split())
    return plain.lstrip("# ") or "class"


def voc_palette() -> list[tuple[int, int, int]]:
    """VOC's colour of each value. Source: VOClabelcolormap.m of the development kit."""
    colors = []
    for value in range(256):
        rgb, rest = [0, 0, 0], value
        for bit in range(7, -1, -1):
            for part in range(3):
                rgb[part] |= (rest >> part & 1) << bit
            rest >>= 3
        colors.append((rgb[0], rgb[1], rgb[2]))
    return colors
