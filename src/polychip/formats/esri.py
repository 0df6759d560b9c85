"""Esri's folders of training chips: Classified_Tiles and RCNN_Masks; known from its docs alone.

Source: pro.arcgis.com, "Deep learning training data contents"; how arcgis.learn reads them.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from polychip.formats.chip import SourceChip
from polychip.formats.class_values import recoded
from polychip.formats.geotiff_masks import encode_mask
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source
from polychip.schema import IGNORE_8BIT

TILES, MASKS = "Classified_Tiles", "RCNN_Masks"
_HIDDEN = "objects wholly hidden by others"
_LAYOUT = """\
SPLIT/images/*.tif                     the chips' own bytes
SPLIT/labels/{labels}
SPLIT/map.txt                          image and label, two words a line
SPLIT/esri_model_definition.emd        classes, size, bands
SPLIT/esri_accumulated_stats.json, SPLIT/stats.txt
"""
_SNIPPET = """\
import json
from pathlib import Path

import rasterio

root = Path("{split}")
classes = json.loads((root / "esri_model_definition.emd").read_text())["Classes"]
for line in (root / "map.txt").read_text().splitlines():
    image_path, label_path = line.split()
    with rasterio.open(root / label_path) as file:
        label = file.read(1)  # (height, width)
# arcgis.learn: prepare_data("{split}"), which was not tried here
"""


def prepare(preparation: Preparation) -> "Esri":
    """Classified_Tiles, or RCNN_Masks under the name esri-rcnn.

    Raises:
        FormatError: there are too many classes.
    """
    mode = MASKS if preparation.name.endswith("rcnn") else TILES
    return Esri(preparation.source, preparation.layer(), mode)


@dataclass(frozen=True, slots=True)
class Esri:
    """A folder for each split of one dataset."""

    source: Source
    layer: str
    mode: str

    @property
    def _classes(self) -> list[dict[str, Any]]:
        """Values 1, 2, 3, …; 0 is NoData, so Classified_Tiles has background as its first class."""
        schema = self.source.schema
        entries = self.source.things if self.mode == MASKS else self.source.classes
        named = [(entry.code, entry.name, entry.rgb) for entry in entries]
        if self.mode == TILES:
            background = schema.by_code.get(schema.background)
            rgb = background.rgb if background else (0, 0, 0)
            named.insert(0, (schema.background, self.source.background_name, rgb))
        return [
            {"code": code, "Value": value, "Name": name, "Color": list(rgb)}
            for value, (code, name, rgb) in enumerate(named, start=1)
        ]

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Copy the image, write its label."""
        root, name = out / chip.split, f"{chip.stem}.tif"
        shutil.copyfile(chip.path(self.source.image_kind(self.layer)), root / "images" / name)
        if self.mode == TILES:
            return self._write_tile(chip, root, name)
        return self._write_masks(chip, root, name)

    def _write_tile(self, chip: SourceChip, root: Path, name: str) -> Entry:
        by_code = {entry["code"]: entry["Value"] for entry in self._classes}
        by_code[self.source.schema.ignore] = 0
        dtype = "uint8" if len(by_code) <= IGNORE_8BIT else "uint16"
        values = recoded(chip, chip.semantic(), by_code, dtype)
        (root / "labels" / name).write_bytes(encode_mask(chip, values))
        counts = np.bincount(values.ravel(), minlength=len(by_code))[1:].tolist()
        return Entry(chip.split, ([f"labels/{name}"], name, counts))

    def _write_masks(self, chip: SourceChip, root: Path, name: str) -> Entry:
        """A file a class that the chip shows; its objects count from 1."""
        shown = [row for row in chip.objects if row["local_id"]]
        labels, counts = [], []
        instance = chip.instance() if shown else None
        for entry in self._classes:
            ids = [int(row["local_id"]) for row in shown if row["class_code"] == entry["code"]]
            counts.append(len(ids))
            if not ids or instance is None:
                continue
            table = np.zeros(int(instance.max()) + 1, dtype=np.uint32)
            table[ids] = np.arange(1, len(ids) + 1)
            values = table[instance.astype(np.int64)]
            dtype = (
                "uint8" if len(ids) <= IGNORE_8BIT else "uint16" if len(ids) < 2**16 else "uint32"
            )
            label = f"labels/{entry['Value']}/{name}"
            (root / label).write_bytes(encode_mask(chip, values.astype(dtype)))
            labels.append(label)
        ignored = int(np.count_nonzero(chip.semantic() == self.source.schema.ignore))
        left_out = {
            _HIDDEN: len(chip.objects) - len(shown),
            "ignored pixels, which are background": ignored,
            "chips without objects, which map.txt does not name": int(not labels),
        }
        return Entry(chip.split, (labels, name, counts), left_out)

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """map.txt, the model definition and the statistics of each split."""
        classes = self._classes
        sums = {split: _Sums(len(classes)) for split in self.source.splits}
        with ExitStack() as stack:
            maps = {}
            for split in self.source.splits:
                folders = ["images", "labels"]
                if self.mode == MASKS:
                    folders += [f"labels/{entry['Value']}" for entry in classes]
                for folder in folders:
                    (out / split / folder).mkdir(parents=True)
                maps[split] = stack.enter_context(
                    (out / split / "map.txt").open("w", encoding="utf-8")
                )

            def collect(entry: Entry) -> None:
                labels, name, counts = entry.value
                for label in labels:
                    maps[entry.split].write(f"images/{name} {label}\n")
                sums[entry.split].add(counts)

            yield collect
        for split, found in sums.items():
            self._write_facts(out / split, found)

    def _write_facts(self, root: Path, sums: "_Sums") -> None:
        height, width = self.source.chip_shape
        bands = len(self.source.band_names(self.layer))
        classes = [{k: v for k, v in entry.items() if k != "code"} for entry in self._classes]
        definition = {
            "ImageHeight": height, "ImageWidth": width, "MetaDataMode": self.mode,
            "ExtractBands": list(range(bands)), "Classes": classes,
        }  # fmt: skip
        what = "Pixels" if self.mode == TILES else "Features"
        stats = {
            "Version": 1, "NumBands": bands, "TileSizeX": width, "TileSizeY": height,
            "NumClasses": len(classes), "NumTiles": sums.n_chips, "MetaDataMode": self.mode,
            ("ClassPixelStats" if self.mode == TILES else "FeatureStats"): {
                "NumImagesTotal": sums.n_chips, "NumClasses": len(classes),
                "ClassNames": [c["Name"] for c in classes],
                "ClassValues": [c["Value"] for c in classes],
                "NumImagesPerClass": sums.chips, f"Num{what}PerClass": sums.counts,
            },
        }  # fmt: skip
        for name, value in (
            ("model_definition.emd", definition),
            ("accumulated_stats.json", stats),
        ):
            text = json.dumps(value, indent=1, ensure_ascii=False)
            (root / f"esri_{name}").write_text(f"{text}\n", encoding="utf-8")
        lines = [f"images = {sums.n_chips}", f"classes = {len(classes)}"]
        for entry, n_chips, count in zip(classes, sums.chips, sums.counts, strict=True):
            lines.append(
                f"cls name = {entry['Name']}, cls value = {entry['Value']}, images = {n_chips}, "
                f"{what.lower()} = {count}"
            )
        (root / "stats.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def card(self) -> Card:
        """How it is read."""
        masks = self.mode == MASKS
        return Card(
            f"Esri {self.mode} (structure tested only)",
            _LAYOUT.format(
                labels="VALUE/*.tif              objects of a class, 1, 2, 3, …; 0 none"
                if masks
                else "*.tif                    1 background, 2, 3, … the classes; 0 NoData (ignore)"
            ),
            _SNIPPET.format(split=self.source.splits[0]),
            (
                "a promise: Esri's own reader was never tried, the structure follows its docs",
                *(
                    ("stuff, ignore, and parts of objects that others hide",)
                    if masks
                    else ("objects (esri-rcnn holds them)",)
                ),
            ),
            {
                "mode": self.mode,
                "layer": self.layer,
                "classes": [
                    {"code": c["code"], "value": c["Value"], "name": c["Name"]}
                    for c in self._classes
                ],
            },
        )


class _Sums:
    """Chips and counts of each class."""

    def __init__(self, n_classes: int) -> None:
        self.n_chips = 0
        self.chips, self.counts = [0] * n_classes, [0] * n_classes

    def add(self, counts: list[int]) -> None:
        """Count a chip."""
        self.n_chips += 1
        for index, count in enumerate(counts):
            self.counts[index] += count
            self.chips[index] += count > 0
