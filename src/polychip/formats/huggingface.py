"""Hugging Face datasets: an image folder with metadata.jsonl, or Parquet files.

Source: huggingface.co/docs/datasets, "Create an image dataset" and "Image" features.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from polychip.formats.chip import SourceChip
from polychip.formats.chip_facts import crs_names, instance_png, objects_of, place_of
from polychip.formats.class_values import ClassValues, own_values
from polychip.formats.huggingface_parquet import ParquetShards, with_features
from polychip.formats.images import ImageWriter, image_writer
from polychip.formats.json_parts import compact
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source, standard_splits
from polychip.io.png import encode_png

_SPELLED = {"train": "train", "val": "validation", "test": "test"}
_PARTS = ".parts"
_FOLDER_LAYOUT = """\
data/SPLIT/metadata.jsonl        a line a chip: files, place, objects (RLE)
data/SPLIT/images/*{suffix}          8-bit pictures
data/SPLIT/masks/*.png           class codes
{instances}data/SPLIT/tiff/*.tif            the chips themselves, all bands and bits
"""
_INSTANCES = "data/SPLIT/instances/*.png       local ids, 16 bits\n"
_PARQUET_LAYOUT = """\
data/SPLIT-NNNNN.parquet    image, mask{instances} (Image features), tiff (bytes), place, objects
"""
_SNIPPET = """\
from datasets import load_dataset

chips = load_dataset("{loader}", data_dir="data", split="{split}")
sample = chips[0]
image, mask = sample["image"], sample["mask"]  # Pillow pictures; the mask holds class codes
"""
_SNIPPET_PARQUET = """\
from datasets import load_dataset

chips = load_dataset("parquet", data_files="data/{split}-*.parquet", split="train")
sample = chips[0]
image, mask = sample["image"], sample["mask"]  # Pillow pictures; the mask holds class codes
tiff = sample["tiff"]  # the chip itself: rasterio.MemoryFile(tiff).open().read()
"""


def prepare(preparation: Preparation) -> "HuggingFace":
    """Hugging Face for a dataset; `layout` is folder (metadata.jsonl) or parquet.

    Raises:
        FormatError: splits are none that `datasets` finds by itself, or options can't be had.
    """
    source = preparation.source
    parquet = preparation.option("layout", "folder", ("folder", "parquet")) == "parquet"
    preparation.option("images", "png", ("png", "jpeg"))  # a GeoTIFF can't be an Image feature
    images = image_writer(preparation)
    plain = standard_splits(source, preparation.name)
    splits = {name: _SPELLED[split] for name, split in plain.items()}
    names = crs_names(source)
    return HuggingFace(source, images, own_values(source), names, splits, parquet)


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """A Hugging Face dataset of one dataset."""

    source: Source
    images: ImageWriter
    values: ClassValues
    crs_names: dict[str, str]
    splits: dict[str, str]
    """The name that `datasets` knows of each split."""
    parquet: bool

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write picture, masks and the GeoTIFF; with Parquet they wait there for their table."""
        folder = out / _PARTS if self.parquet else out / "data" / self.splits[chip.split]
        files = {
            "image": f"images/{chip.stem}{self.images.suffix}",
            "mask": f"masks/{chip.stem}.png",
        }
        self.images.write(chip, folder / files["image"])
        mask = encode_png(self.values.apply(chip, chip.semantic()))
        (folder / files["mask"]).write_bytes(mask)
        if self.source.has_objects:
            files["instance"] = f"instances/{chip.stem}.png"
            (folder / files["instance"]).write_bytes(instance_png(chip))
        files["tiff"] = f"tiff/{chip.stem}.tif"
        tiff = chip.path(self.source.image_kind(self.images.layer))
        shutil.copyfile(tiff, folder / files["tiff"])
        return Entry(chip.split, (files, self._facts(chip)))

    def _facts(self, chip: SourceChip) -> dict[str, Any]:
        date = chip.row["date"]
        facts: dict[str, Any] = {
            "chip_id": chip.chip_id, "scene": chip.scene, "date": date.isoformat() if date else "",
            "tile_metadata": place_of(chip, self.crs_names),
        }  # fmt: skip
        return facts | {"objects": objects_of(chip)} if self.source.has_objects else facts

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """metadata.jsonl of each split, or its Parquet files."""
        roots = [out / _PARTS] if self.parquet else [out / "data" / s for s in self.splits.values()]
        for root in roots:
            for kind in ("images", "masks", "instances", "tiff"):
                if kind != "instances" or self.source.has_objects:
                    (root / kind).mkdir(parents=True)
        with ExitStack() as stack:
            if self.parquet:
                (out / "data").mkdir()
                shards = {
                    split: stack.enter_context(
                        ParquetShards(out / "data", name, has_objects=self.source.has_objects)
                    )
                    for split, name in self.splits.items()
                }
                yield lambda entry: shards[entry.split].add(
                    with_features(out / _PARTS, *entry.value)
                )
            else:
                lists = {
                    split: stack.enter_context(
                        (out / "data" / name / "metadata.jsonl").open("w", encoding="utf-8")
                    )
                    for split, name in self.splits.items()
                }
                yield lambda entry: _add_line(lists[entry.split], *entry.value)
        if self.parquet:
            shutil.rmtree(out / _PARTS)
        else:
            self._drop_empty(out)

    def _drop_empty(self, out: Path) -> None:
        """A split without chips has no folder: `datasets` fails on an empty one."""
        for name in self.splits.values():
            if not (out / "data" / name / "metadata.jsonl").stat().st_size:
                shutil.rmtree(out / "data" / name)

    def card(self) -> Card:
        """How it is read."""
        split = next(iter(self.splits.values()))
        objects = self.source.has_objects
        if self.parquet:
            layout = _PARQUET_LAYOUT.format(instances=", instance" if objects else "")
            snippet = _SNIPPET_PARQUET.format(split=split)
        else:
            instances = _INSTANCES if objects else ""
            layout = _FOLDER_LAYOUT.format(suffix=self.images.suffix, instances=instances)
            snippet = _SNIPPET.format(loader="imagefolder", split=split)
        return Card(
            "Hugging Face dataset",
            layout,
            snippet,
            (
                "more than three bands or 8 bits in `image`, a picture; `tiff` has them all",
                "other splits than train, validation and test; empty splits",
                *(
                    ("other image layers than one: --layer says which",)
                    if len(self.source.layers) > 1
                    else ()
                ),
            ),
            {
                "ignore": self.values.ignore,
                "classes": self.values.facts(),
                "splits": self.splits,
                **self.images.facts(self.source),
            },
        )


def _add_line(file: IO[str], files: dict[str, str], facts: dict[str, Any]) -> None:
    """`*file_name` become Image features; the GeoTIFF must stay a path, which Pillow can't read."""
    line = {"file_name": files["image"], "mask_file_name": files["mask"]}
    if "instance" in files:
        line["instance_file_name"] = files["instance"]
    file.write(compact({**line, "tiff": files["tiff"], **facts}) + "\n")
