"""xBD (xView2): pictures before and after a disaster, with damage grades.

Source: Gupta et al. 2019, "xBD: A Dataset for Assessing Building Damage from Satellite Imagery".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from polychip.errors import FormatError
from polychip.formats.before_after import (
    POST,
    Pairs,
    ignore_allowed,
    paired,
    scene_facts,
    without_ignore,
)
from polychip.formats.chip import SourceChip
from polychip.formats.class_choice import chosen_codes, class_names, other_class_pixels
from polychip.formats.class_values import recoded
from polychip.formats.images import ImageWriter, image_writer
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source, standard_splits
from polychip.io.png import encode_png

_SPELLED = {"train": "train", "val": "hold", "test": "test"}
GRADES = {"building": 1, "minor": 2, "major": 3, "destroyed": 4}
"""Value after the event by option; before it all of them are 1."""
_NAMES = {
    "building": ("building", "buildings", "no damage", "un classified"),
    "minor": ("minor damage",),
    "major": ("major damage",),
    "destroyed": ("destroyed",),
}
_LAYOUT = """\
SPLIT/images/PLACE_ID_{pre,post}_disaster.png          8-bit pictures
SPLIT/targets/PLACE_ID_pre_disaster_target.png         0 none, 1 building
SPLIT/targets/PLACE_ID_post_disaster_target.png        0, 1 no damage, 2 minor, 3 major, 4 destroyed
"""
_SNIPPET = """\
from pathlib import Path

import numpy as np
from PIL import Image

for path in sorted(Path("{split}/images").glob("*_post_disaster.png")):
    target = path.parents[1] / "targets" / (path.stem + "_target.png")
    after = np.array(Image.open(path))  # (height, width, 3)
    before = np.array(Image.open(str(path).replace("_post_", "_pre_")))
    grades = np.array(Image.open(target))  # (height, width), 0 to 4
# torchgeo: XView2(".", split="train") or "test"
"""


def prepare(preparation: Preparation) -> "Xbd":
    """xBD; options: pre (scenes), building, minor, major, destroyed (classes), ignore.

    Raises:
        FormatError: scenes are no pairs, or no class is a building.
    """
    source, name = preparation.source, preparation.name
    splits = {key: _SPELLED[plain] for key, plain in standard_splits(source, name).items()}
    grades: dict[int, int] = {}
    for option, value in GRADES.items():
        for code in chosen_codes(preparation, option, _NAMES[option].__contains__):
            if code in grades:
                raise FormatError(
                    f"{name}: class '{source.schema.by_code[code].name}' has two grades; name it "
                    "in one option only"
                )
            grades[code] = value
    if not grades:
        raise FormatError(
            f"{name}: no class is a building or a damage grade by its name; say which are "
            "(--set building=NAME --set minor=NAME --set major=NAME --set destroyed=NAME)"
        )
    preparation.option("images", "png", ("png",))
    images = image_writer(preparation)
    return Xbd(source, images, paired(preparation), grades, splits, ignore_allowed(preparation))


@dataclass(frozen=True, slots=True)
class Xbd:
    """xBD of one dataset."""

    source: Source
    images: ImageWriter
    pairs: Pairs
    grades: dict[int, int]
    """Value after the event by class code."""
    splits: dict[str, str]
    """xBD's name of each split."""
    ignore_allowed: bool

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write picture and target of one side."""
        side = self.pairs.sides[chip.scene]
        folder = out / self.splits[chip.split]
        name = f"{self.pairs.stem(chip)}_{side}_disaster"
        self.images.write(chip, folder / f"images/{name}.png")
        mask = chip.semantic()
        left_out = without_ignore(chip, mask, allowed=self.ignore_allowed)
        values = recoded(chip, mask, self._values(side), "uint8")
        (folder / f"targets/{name}_target.png").write_bytes(encode_png(values))
        left_out |= other_class_pixels(self.source, mask, self.grades, "background")
        return Entry(chip.split, None, left_out)

    def _values(self, side: str) -> dict[int, int]:
        schema = self.source.schema
        values = {
            c.code: (self.grades[c.code] if side == POST else 1) if c.code in self.grades else 0
            for c in self.source.classes
        }
        return values | {schema.background: 0, schema.ignore: 0}

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """Make the folders; there are no tables."""
        for split in self.splits.values():
            for kind in ("images", "targets"):
                (out / split / kind).mkdir(parents=True)
        yield lambda entry: None  # noqa: ARG005

    def card(self) -> Card:
        """How it is read."""
        height, width = self.source.chip_shape
        graded = {
            str(value): class_names(self.source, [c for c, v in self.grades.items() if v == value])
            for value in GRADES.values()
        }
        return Card(
            "xBD (xView2)",
            _LAYOUT,
            _SNIPPET.format(split=next(iter(self.splits.values()))),
            (
                "classes other than buildings: their pixels are counted, and become 0",
                "ignore: such chips stop the conversion, or become 0 and are counted",
                "objects: the targets are of classes only, and there are no labels/*.json",
                *(
                    (f"the original's chip size: {width} × {height} px, not 1024 × 1024",)
                    if (height, width) != (1024, 1024)
                    else ()
                ),
            ),
            {
                "grades": graded,
                "splits": self.splits,
                **scene_facts(self.pairs),
                **self.images.facts(self.source),
            },
        )
