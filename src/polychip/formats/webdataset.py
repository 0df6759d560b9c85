"""WebDataset: a sample's files side by side in tar shards.

Source: github.com/webdataset/webdataset, "The WebDataset Format".
"""

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip
from polychip.formats.chip_facts import crs_names, instance_png, objects_of, place_of
from polychip.formats.class_values import ClassValues, own_values
from polychip.formats.images import ImageWriter, image_writer
from polychip.formats.json_parts import compact
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source
from polychip.io.png import encode_png

_PARTS = ".samples"
_END = bytes(2 * tarfile.BLOCKSIZE)
_LAYOUT = """\
SPLIT-NNNNNN.tar      up to {chips} samples or {megabytes} MB each
  KEY.{image}{pad}  {what}
  KEY.semantic.png  class codes, 8 or 16 bits
{instance}  KEY.json          place, date, objects (RLE)
"""
_INSTANCE = "  KEY.instance.png  local ids, 16 bits\n"
_SNIPPET = """\
import io
import json
from pathlib import Path

import numpy as np
import webdataset
{imports}from PIL import Image


def decode(name, data):
    \"\"\"Arrays as they were written; .decode("pil") would turn masks into RGB.\"\"\"
    if name.endswith(".tif"):
        with rasterio.MemoryFile(data) as memory, memory.open() as file:
            return file.read()  # (bands, height, width)
    if name.endswith((".png", ".jpg")):
        return np.array(Image.open(io.BytesIO(data)))  # (height, width), or (height, width, 3)
    if name.endswith(".json"):
        return json.loads(data)
    return None


shards = sorted(str(path) for path in Path(".").glob("{split}-*.tar"))
chips = webdataset.WebDataset(shards, shardshuffle=False).decode(decode)
sample = next(iter(chips))
image, mask, facts = sample["{image}"], sample["semantic.png"], sample["json"]
"""


def prepare(preparation: Preparation) -> "WebDataset":
    """WebDataset; options: `images` (tiff, png, jpeg), `chips` and `megabytes` of a shard.

    Raises:
        FormatError: they can't be had.
    """
    source = preparation.source
    images: tuple[ImageWriter, ...] = (image_writer(preparation, "tiff"),)
    if images[0].kind == "tiff" and preparation.options.layer is None:
        images = tuple(ImageWriter("tiff", layer, None) for layer in source.layers)
    chips, megabytes = (
        _most(preparation, *option) for option in (("chips", 1000), ("megabytes", 500))
    )
    return WebDataset(source, images, own_values(source), crs_names(source), chips, megabytes)


def _most(preparation: Preparation, name: str, default: int) -> int:
    number = preparation.number(name, default)
    if number < 1 or number != int(number):
        raise FormatError(
            f"{preparation.name}: {name} is {number:g}; a shard holds a whole number of them, 1 or "
            "more"
        )
    return int(number)


@dataclass(frozen=True, slots=True)
class WebDataset:
    """Shards of one dataset."""

    source: Source
    images: tuple[ImageWriter, ...]
    """A writer for each layer."""
    values: ClassValues
    crs_names: dict[str, str]
    most_chips: int
    """Of a shard."""
    most_megabytes: int
    """Of a shard; a single larger sample has one of its own."""

    def _image_name(self, images: ImageWriter) -> str:
        """What stands behind a sample's key."""
        name = "image" if len(self.images) == 1 else self.source.image_kind(images.layer)
        return f"{name}{images.suffix}"

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write the sample as a piece of a tar file, which the main process appends to a shard."""
        files = {self._image_name(images): images.encode(chip) for images in self.images}
        files["semantic.png"] = encode_png(self.values.apply(chip, chip.semantic()))
        if self.source.has_objects:
            files["instance.png"] = instance_png(chip)
        files["json"] = compact(self._facts(chip)).encode()
        piece = out / _PARTS / f"{chip.number}.tar"
        with piece.open("wb") as file:
            for suffix, data in files.items():
                _write_member(file, f"{chip.stem}.{suffix}", data)
            size = file.tell()
        return Entry(chip.split, (piece.name, size))

    def _facts(self, chip: SourceChip) -> dict[str, Any]:
        date = chip.row["date"]
        return {
            "chip_id": chip.chip_id, "scene": chip.scene, "split": chip.split,
            "date": date.isoformat() if date else None,
            **place_of(chip, self.crs_names), "objects": objects_of(chip),
        }  # fmt: skip

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """Append the samples to the shards in the index's order."""
        parts = out / _PARTS
        parts.mkdir()
        shards = {split: _Shards(out, split, self) for split in self.source.splits}

        def collect(entry: Entry) -> None:
            name, size = entry.value
            shards[entry.split].append(parts / name, size)

        try:
            yield collect
        finally:
            for shard in shards.values():
                shard.close()
        parts.rmdir()

    def card(self) -> Card:
        """How it is read."""
        name, suffix = self._image_name(self.images[0]), self.images[0].suffix
        tiff = suffix == ".tif"
        picture = self.images[0].facts(self.source)
        limits = [
            "the masks' georeferencing: it stands in KEY.json",
            "empty splits: they have no shard",
        ]
        if not tiff:
            limits.insert(0, "bands beyond the picture's, and more than 8 bits (images=tiff does)")
        return Card(
            "WebDataset",
            _LAYOUT.format(
                image=name, pad=" " * max(0, len("semantic.png") - len(name)),
                what="the GeoTIFF itself" + (
                    ", and the other layers' beside it" if len(self.images) > 1 else ""
                ) if tiff else "8-bit picture",
                instance=_INSTANCE if self.source.has_objects else "",
                chips=self.most_chips, megabytes=self.most_megabytes,
            ),
            _SNIPPET.format(
                split=self.source.splits[0], image=name, imports="import rasterio\n" if tiff else ""
            ),
            tuple(limits),
            {
                "ignore": self.values.ignore,
                "classes": self.values.facts(),
                "files": [self._image_name(images) for images in self.images],
                **(picture if len(self.images) == 1 else {"images": "geotiff"}),
            },
        )  # fmt: skip


class _Shards:
    """The shards of one split; one is open at a time."""

    def __init__(self, out: Path, split: str, made: WebDataset) -> None:
        self._out, self._split, self._made = out, split, made
        self._file: IO[bytes] | None = None
        self._n_shards = self._n_chips = 0

    def append(self, piece: Path, size: int) -> None:
        """Move a sample's piece of tar to the end."""
        most_bytes = self._made.most_megabytes * 10**6
        if self._file is not None and (
            self._n_chips == self._made.most_chips or self._file.tell() + size > most_bytes
        ):
            self.close()
        if self._file is None:
            path = self._out / f"{self._split}-{self._n_shards:06d}.tar"
            self._file = path.open("wb")
            self._n_shards += 1
            self._n_chips = 0
        with piece.open("rb") as file:
            shutil.copyfileobj(file, self._file)
        piece.unlink()
        self._n_chips += 1

    def close(self) -> None:
        """End the open shard as tar files end."""
        if self._file is not None:
            self._file.write(_END)
            self._file.write(bytes(-self._file.tell() % tarfile.RECORDSIZE))
            self._file.close()
            self._file = None


def _write_member(file: IO[bytes], name: str, data: bytes) -> None:
    """A file as tar holds it: no clock, no user, the same mode everywhere."""
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(data), 0, 0o644
    file.write(member.tobuf(tarfile.PAX_FORMAT))
    file.write(data)
    file.write(bytes(-len(data) % tarfile.BLOCKSIZE))
