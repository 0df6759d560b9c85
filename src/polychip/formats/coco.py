"""COCO instances: RLE of each object, parts hidden by others included.

Source: cocodataset.org, "Data format" (object detection).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polychip.formats.categories import category_facts, category_ids, supercategory
from polychip.formats.chip import SourceChip
from polychip.formats.images import ImageWriter, image_writer
from polychip.formats.json_parts import JsonLists
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source
from polychip.formats.visible import visible_objects

_LAYOUT = """\
images/SPLIT/*{suffix}                    the chips
annotations/instances_SPLIT.json     images, annotations (RLE), categories
"""
_SNIPPET = """\
from pycocotools.coco import COCO

coco = COCO("annotations/instances_{split}.json")
for image in coco.loadImgs(coco.getImgIds()):
    path = f"images/{split}/{{image['file_name']}}"
    annotations = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
    masks = [coco.annToMask(annotation) for annotation in annotations]  # (height, width) each
"""


def prepare(preparation: Preparation) -> "Coco":
    """COCO for a dataset; `masks` is full (parts hidden by others included) or visible."""
    visible = preparation.option("masks", "full", ("full", "visible")) == "visible"
    return Coco(preparation.source, image_writer(preparation), visible)


@dataclass(frozen=True, slots=True)
class Coco:
    """COCO instances of one dataset."""

    source: Source
    images: ImageWriter
    visible: bool
    """Only what no other object covers."""

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write the image; returns the image's and its annotations' JSON without their ids."""
        height, width = chip.shape
        name = chip.stem + self.images.suffix
        self.images.write(chip, out / "images" / chip.split / name)
        image = {
            "file_name": name, "width": width, "height": height, "chip_id": chip.chip_id,
            "scene": chip.scene,
        }  # fmt: skip
        annotations = self._visible(chip) if self.visible else self._full(chip)
        left_out = {"objects wholly hidden by others": len(chip.objects) - len(annotations)}
        return Entry(chip.split, (image, annotations), left_out)

    def _full(self, chip: SourceChip) -> list[dict[str, Any]]:
        return [
            _annotation(chip, row, row["rle"], row["bbox_px"], row["area_px"])
            for row in chip.objects
        ]

    def _visible(self, chip: SourceChip) -> list[dict[str, Any]]:
        if not chip.objects:
            return []
        shown = visible_objects(chip.instance())
        return [
            _annotation(chip, row, part.rle, part.box, part.area_px)
            for row in chip.objects
            if (part := shown.get(row["local_id"])) is not None
        ]

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """One document a split; ids count from 1 over all of them."""
        ids = category_ids(self.source)
        categories = [
            {"id": ids[entry.code], "name": entry.name, "supercategory": supercategory(entry)}
            for entry in self.source.things
        ]
        n_images = n_annotations = 0
        with ExitStack() as stack:
            documents = {}
            for split in self.source.splits:
                (out / "images" / split).mkdir(parents=True)
                path = out / "annotations" / f"instances_{split}.json"
                head = {"info": {"description": f"{split}, made by Polychip"}, "licenses": [],
                        "categories": categories}  # fmt: skip
                lists = JsonLists(path, ("images", "annotations"), head)
                documents[split] = stack.enter_context(lists)

            def collect(entry: Entry) -> None:
                nonlocal n_images, n_annotations
                image, annotations = entry.value
                n_images += 1
                documents[entry.split].add("images", {"id": n_images} | image)
                for annotation in annotations:
                    n_annotations += 1
                    found = {"id": n_annotations, "image_id": n_images} | annotation
                    found["category_id"] = ids[found["category_id"]]
                    documents[entry.split].add("annotations", found)

            yield collect

    def card(self) -> Card:
        """How it is read."""
        what = "visible parts" if self.visible else "whole objects, parts hidden by others included"
        return Card(
            "COCO instances",
            _LAYOUT.format(suffix=self.images.suffix),
            _SNIPPET.format(split=self.source.splits[0]),
            (
                "stuff classes: COCO instances are objects only (coco-panoptic holds both)",
                "ignore and verified background: an image is all that its annotations are not",
                "georeferencing: file_name and chip_id lead back to the dataset",
            ),
            {
                "masks": what,
                "categories": category_facts(self.source.things, category_ids(self.source)),
                **self.images.facts(self.source),
            },
        )


def _annotation(chip: SourceChip, row: Any, counts: str, box: Any, area: int) -> dict[str, Any]:
    height, width = chip.shape
    return {
        "category_id": row["class_code"],
        "iscrowd": 0,
        "bbox": list(box),
        "area": area,
        "segmentation": {"size": [height, width], "counts": counts},
        "instance_id": row["instance_id"],
        "local_id": row["local_id"],
        "visible_px": row["visible_px"],
        "truncated": row["truncated"],
    }
