"""OGC TrainingDML-AI in JSON: one document on all chips, their masks and their objects.

Source: OGC 24-006r1, Training Data Markup Language for Artificial Intelligence, Part 2: JSON.
"""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polychip.errors import FormatError
from polychip.formats.about import About, about, chip_date, given_date
from polychip.formats.chip import SourceChip
from polychip.formats.chip_files import GEOTIFF, ChipFiles, chip_files, is_image, listed
from polychip.formats.class_values import own_values
from polychip.formats.geographic import Reach, outline
from polychip.formats.json_parts import JsonLists
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source, standard_splits

_FILE = "trainingdml.json"
_SPLITS = {"train": "training", "val": "validation", "test": "test"}
_STATISTICS = {"min": "minValue", "max": "maxValue", "mean": "meanValue",
               "std": "standardDeviation"}  # fmt: skip
_LAYOUT = """\
trainingdml.json     the dataset, its classes, and a training datum a chip with its labels
images/, masks/      the GeoTIFFs, as in the dataset{where}
"""
_SNIPPET = """\
import json
from pathlib import Path

import rasterio

dataset = json.loads(Path("trainingdml.json").read_text("utf-8"))
names = {{entry["value"]: entry["key"] for entry in dataset["classes"]}}
for datum in dataset["data"]:
    if datum["trainingType"] == "{split}":
        with rasterio.open(datum["dataURL"][0]) as file:
            image = file.read()
        with rasterio.open(datum["labels"][0]["imageURL"][0]) as file:
            mask = file.read(1)  # {ignore} = ignore
        objects = [label for label in datum["labels"] if label["type"] == "AI_ObjectLabel"]
"""


def prepare(preparation: Preparation) -> "Tdml":
    """TrainingDML-AI for a dataset; its options are of `chip_files`, `about` and `given_date`.

    Raises:
        FormatError: there is no chip, and the format asks for one.
    """
    source = preparation.source
    if not source.n_chips:
        raise FormatError(
            f"{source.folder}: it has no chips, and {preparation.name} holds one at least; build "
            "the dataset with fewer filters"
        )
    splits = {
        name: _SPLITS[plain] for name, plain in standard_splits(source, preparation.name).items()
    }
    return Tdml(
        source,
        chip_files(preparation),
        about(preparation, "unknown"),
        given_date(preparation),
        splits,
    )


@dataclass(frozen=True, slots=True)
class Tdml:
    """The TrainingDML-AI document of one dataset."""

    source: Source
    files: ChipFiles
    about: About
    date: datetime.date | None
    """Of scenes without one."""
    splits: dict[str, str]
    """The standard's name of each split."""

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Copy the files; returns the chip's training datum."""
        self.files.write(chip, out)
        date, box = chip_date(chip, self.date), outline(chip).box
        kinds = listed(chip)
        labels = [
            {
                "type": "AI_PixelLabel",
                "imageURL": [self.files.href(chip, kind, out)],
                "imageFormat": [GEOTIFF],
            }
            for kind in kinds
            if not is_image(kind)
        ] + [self._object_label(chip, row) for row in chip.objects]
        datum = {
            "type": "AI_EOTrainingData",
            "id": chip.stem,
            "datasetId": self.about.id,
            "dataURL": [self.files.href(chip, kind, out) for kind in kinds if is_image(kind)],
            **({"dataTime": [date.isoformat()]} if date else {}),
            "extent": list(box),
            "trainingType": self.splits[chip.split],
            "numberOfLabels": len(labels),
            "labels": labels,
        }
        return Entry(chip.split, datum)

    def _object_label(self, chip: SourceChip, row: Any) -> dict[str, Any]:
        """An object: its box on the Earth, its mask as COCO's RLE; hidden ones too."""
        x, y, width, height = row["bbox_px"]
        names = ("local_id", "instance_id", "area_px", "visible_px", "truncated", "rle")
        return {
            "type": "AI_ObjectLabel",
            "class": self.source.schema.by_code[row["class_code"]].name,
            "bboxType": "Horizontal BBox",
            "object": {
                "type": "Feature",
                "geometry": outline(chip, (x, y, width, height)).geometry,
                "properties": {
                    "bbox_px": [x, y, width, height],
                    **{name: row[name] for name in names},
                },
            },
        }

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """The document; data are streamed, the extent is known at the end."""
        head, reach = self._head(), Reach()
        with JsonLists(out / _FILE, ("data",), head) as document:

            def collect(entry: Entry) -> None:
                west, south, east, north = entry.value["extent"]
                reach.add((west, south, east, north))
                document.add("data", entry.value)

            yield collect
            head["extent"] = list(reach.box() or ())

    def _head(self) -> dict[str, Any]:
        source, values = self.source, own_values(self.source)
        height, width = source.chip_shape
        pixels = source.manifest["counts"]["pixels"]
        tasks = ["Semantic Segmentation"] + ["Instance Segmentation"] * source.has_objects
        return {
            "type": "AI_EOTrainingDataset",
            "id": self.about.id,
            "name": self.about.title,
            "description": self.about.description,
            "license": self.about.license,
            "amountOfTrainingData": source.n_chips,
            "numberOfClasses": len(values.names),
            "classes": [{"key": name, "value": code} for code, name in values.names.items()],
            "statisticsInfo": [
                {"key": "ignore value", "value": values.ignore},
                *(
                    {"key": f"pixels: {name}", "value": int(pixels.get(str(code), 0))}
                    for code, name in values.names.items()
                ),
                {"key": "pixels: ignore", "value": int(pixels.get(str(values.ignore), 0))},
            ],
            "imageSize": f"{width}x{height}",
            "bands": [
                _band(layer, entry)
                for layer in source.layers
                for entry in source.manifest["bands"][layer]
            ],
            "tasks": [
                {
                    "type": "AI_EOTask",
                    "id": name.replace(" ", "-").lower(),
                    "datasetId": self.about.id,
                    "taskType": name,
                }
                for name in tasks
            ],
        }

    def card(self) -> Card:
        """How it is read."""
        where = "" if self.files.copied else ", where they are"
        split = self.splits[self.source.splits[0]]
        return Card(
            "TrainingDML-AI (OGC)",
            _LAYOUT.format(where=where),
            _SNIPPET.format(split=split, ignore=self.source.schema.ignore),
            (
                "checksums",
                "objects' outlines: an object is its box in degrees, with its pixels as COCO's RLE",
                "how and by whom labels were drawn: the dataset does not know",
            ),
            {**self.about.facts(), **self.files.facts(), "splits": self.splits},
        )


def _band(layer: str, entry: Any) -> dict[str, Any]:
    """A band with what is known of its values over all chips."""
    return {
        "name": [{"code": str(entry["name"] or entry["band"]), "codeSpace": layer}],
        **{name: entry[key] for key, name in _STATISTICS.items() if entry.get(key) is not None},
    }
