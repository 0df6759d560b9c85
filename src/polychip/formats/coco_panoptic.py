"""COCO panoptic: a colour a segment, things and stuff; ignore is void.

Source: cocodataset.org, "Data format" (panoptic segmentation).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.formats.categories import category_facts, category_ids
from polychip.formats.chip import SourceChip
from polychip.formats.images import ImageWriter, image_writer
from polychip.formats.json_parts import JsonLists
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source
from polychip.formats.visible import visible_objects
from polychip.io.png import encode_png
from polychip.schema import BACKGROUND_COLOR, ClassDef

_HIDDEN = "objects wholly hidden by others"
_LAYOUT = """\
images/SPLIT/*{suffix}              the chips
panoptic_SPLIT/*.png           id = R + 256 G + 65536 B, 0 = void (ignore)
annotations/panoptic_SPLIT.json
"""
_SNIPPET = """\
import json
from pathlib import Path

import numpy as np
from PIL import Image

truth = json.loads(Path("annotations/panoptic_{split}.json").read_text("utf-8"))
for annotation in truth["annotations"]:
    rgb = np.array(Image.open(Path("panoptic_{split}", annotation["file_name"])), np.uint32)
    ids = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]  # (height, width), 0 = void
    category_of = {{s["id"]: s["category_id"] for s in annotation["segments_info"]}}
"""


def prepare(preparation: Preparation) -> "CocoPanoptic":
    """Panoptic COCO for a dataset; it has no options but those of the images."""
    return CocoPanoptic(preparation.source, image_writer(preparation))


@dataclass(frozen=True, slots=True)
class CocoPanoptic:
    """Panoptic COCO of one dataset."""

    source: Source
    images: ImageWriter

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write image and ids; returns the segments."""
        height, width = chip.shape
        name = chip.stem + self.images.suffix
        self.images.write(chip, out / "images" / chip.split / name)
        ids, code_of, crowds = self._segments(chip)
        shown = visible_objects(ids)
        rgb = np.stack([(ids >> shift) & 255 for shift in (0, 8, 16)], axis=-1).astype(np.uint8)
        (out / f"panoptic_{chip.split}" / f"{chip.stem}.png").write_bytes(encode_png(rgb))
        segments = [
            {
                "id": number,
                "category_id": code_of[number],
                "area": part.area_px,
                "bbox": list(part.box),
                "iscrowd": int(number in crowds),
            }
            for number, part in shown.items()
        ]
        image = {"file_name": name, "width": width, "height": height, "chip_id": chip.chip_id,
                 "scene": chip.scene}  # fmt: skip
        hidden = sum(1 for row in chip.objects if row["local_id"] == 0)
        return Entry(chip.split, (image, f"{chip.stem}.png", segments), {_HIDDEN: hidden})

    def _segments(
        self, chip: SourceChip
    ) -> tuple[NDArray[np.int64], dict[int, int], frozenset[int]]:
        """Ids (height, width), class code by id, and the ids of things that nobody counted.

        Objects keep their local ids; a segment for each stuff class and for background follows.
        """
        semantic, instance = chip.semantic(), chip.instance().astype(np.int64)
        code_of = {int(r["local_id"]): int(r["class_code"]) for r in chip.objects if r["local_id"]}
        largest = max(code_of, default=0)
        if int(instance.max()) > largest:
            raise chip.refused(
                f"its instance mask holds {int(instance.max())}, the table of objects ends with "
                f"{largest}",
                "run polychip verify",
            )
        if largest + len(self.source.classes) + 1 >= 1 << 24:
            raise chip.refused("it has more objects than 24 bits can number", "make chips smaller")
        ids, crowds = instance.copy(), set()
        rest = (instance == 0) & (semantic != self.source.schema.ignore)
        by_code = self.source.schema.by_code
        for number, code in enumerate(np.unique(semantic[rest]).tolist(), start=largest + 1):
            ids[rest & (semantic == code)] = number
            code_of[number] = code
            if code != self.source.schema.background and by_code[code].thing:
                crowds.add(number)
        return ids, code_of, frozenset(crowds)

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """One document a split; image ids count from 1 over all of them."""
        ids = category_ids(self.source, background=True)
        n_images = 0
        with ExitStack() as stack:
            documents = {}
            for split in self.source.splits:
                (out / "images" / split).mkdir(parents=True)
                (out / f"panoptic_{split}").mkdir()
                path = out / "annotations" / f"panoptic_{split}.json"
                head = {"info": {"description": f"{split}, made by Polychip"}, "licenses": [],
                        "categories": self._categories(ids)}  # fmt: skip
                lists = JsonLists(path, ("images", "annotations"), head)
                documents[split] = stack.enter_context(lists)

            def collect(entry: Entry) -> None:
                nonlocal n_images
                image, name, segments = entry.value
                n_images += 1
                documents[entry.split].add("images", {"id": n_images} | image)
                for segment in segments:
                    segment["category_id"] = ids[segment["category_id"]]
                annotation = {"image_id": n_images, "file_name": name, "segments_info": segments}
                documents[entry.split].add("annotations", annotation)

            yield collect

    def _categories(self, ids: dict[int, int]) -> list[dict[str, Any]]:
        return [
            {"id": ids[c.code], "name": c.name, "supercategory": "thing" if c.thing else "stuff",
             "isthing": int(c.thing), "color": list(c.rgb)}
            for c in self._classes()
        ]  # fmt: skip

    def _classes(self) -> list[ClassDef]:
        """All classes and background, which is stuff that somebody looked at."""
        code = self.source.schema.background
        known = self.source.schema.by_code.get(code)
        color = known.color if known else BACKGROUND_COLOR
        ground = ClassDef(self.source.background_name, code, color, thing=False)
        return sorted((*self.source.classes, ground), key=lambda c: c.code)

    def card(self) -> Card:
        """How it is read."""
        ids = category_ids(self.source, background=True)
        return Card(
            "COCO panoptic",
            _LAYOUT.format(suffix=self.images.suffix),
            _SNIPPET.format(split=self.source.splits[0]),
            (
                "parts of objects that others hide: each pixel has one segment (coco holds them)",
                "georeferencing: file_name and chip_id lead back to the dataset",
            ),
            {
                "void": "ignore; background is a stuff category of its own",
                "categories": category_facts(self._classes(), ids),
                **self.images.facts(self.source),
            },
        )
