"""Croissant: a description of the dataset that machine-learning tools load records by.

The records are a table with each chip's GeoTIFFs and their SHA-256; the description has the table's
own. Pixels are no fields: mlcroissant turns TIFF into 8 bits, multiplied by 255.

Source: MLCommons, Croissant Format Specification 1.0.
"""

import datetime
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from polychip.crs import crs_label
from polychip.formats.about import About, about, chip_date, given_date
from polychip.formats.chip import SourceChip
from polychip.formats.chip_files import ChipFiles, is_image, layer_of, listed
from polychip.formats.class_values import own_values
from polychip.formats.geographic import Box, Reach, outline
from polychip.formats.json_parts import compact
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source, standard_split
from polychip.io.index import TableWriter, pixel_column

_TABLE = "chips.parquet"
_PIECE = 1 << 20
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty",
            "fileObject", "fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key",
            "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace",
            "samplingRate", "separator", "source", "subField", "transform",
        )
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}  # fmt: skip
_TYPES = {
    "sc:Text": pa.string(),
    "sc:Date": pa.string(),
    "sc:Integer": pa.int64(),
    "sc:Float": pa.float64(),
}
_SPLIT_URLS = {"train": "cr:TrainingSplit", "val": "cr:ValidationSplit", "test": "cr:TestSplit"}
_LAYOUT = """\
croissant.json       the description: what there is, checksums, fields
chips.parquet        the records: a row a chip
images/, masks/      the GeoTIFFs, as in the dataset
"""
_SNIPPET = """\
import hashlib
from pathlib import Path

import mlcroissant
import rasterio

described = mlcroissant.Dataset("croissant.json")
for record in described.records("chips"):  # checks the table's SHA-256
    path = Path(record["chips/semantic"].decode())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert sha256 == record["chips/semantic_sha256"].decode()
    with rasterio.open(path) as file:
        mask = file.read(1)
"""


def prepare(preparation: Preparation) -> "Croissant":
    """Croissant for a dataset; options: of `about`, date, url, creator, published, cite."""
    more = {
        "url": preparation.option("url", ""),
        "creator": preparation.option("creator", ""),
        "datePublished": preparation.option("published", ""),
        "citeAs": preparation.option("cite", ""),
    }
    return Croissant(
        preparation.source,
        about(preparation, "unknown"),
        given_date(preparation),
        {name: value for name, value in more.items() if value},
    )


@dataclass(frozen=True, slots=True)
class Croissant:
    """The Croissant description of one dataset."""

    source: Source
    about: About
    date: datetime.date | None
    """Of scenes without one."""
    more: dict[str, str]
    """What schema.org asks for and only the user knows."""

    @property
    def _kinds(self) -> list[str]:
        kinds = [self.source.image_kind(layer) for layer in self.source.layers] + ["semantic"]
        return kinds + ["instance"] * self.source.has_objects

    @property
    def _fields(self) -> dict[str, tuple[str, str]]:
        """Type and meaning of each column."""
        names = own_values(self.source)
        fields = {
            "id": ("sc:Text", "Unique in the dataset"),
            "chip_id": ("sc:Text", "The place: scenes of one group share it"),
            "scene": ("sc:Text", "Scene"),
            "split": ("sc:Text", "Split"),
            "date": ("sc:Date", "Day of the scene, null when it has none"),
            "crs": ("sc:Text", "Coordinate reference system of the chip's grid"),
        }
        for side in ("west", "south", "east", "north"):
            fields[side] = ("sc:Float", f"Bounding box in degrees: {side}")
        fields["width"] = ("sc:Integer", "Width in pixels")
        fields["height"] = ("sc:Integer", "Height in pixels")
        fields["valid_fraction"] = ("sc:Float", "Share of pixels on the image with data")
        fields["labelled_fraction"] = ("sc:Float", "Share of them that are not ignore")
        if self.source.has_objects:
            fields["n_instances"] = ("sc:Integer", "Visible objects")
        for code, value in sorted(names.by_code.items()):
            what = names.names.get(value, "ignore")
            fields[pixel_column(code)] = ("sc:Integer", f"Pixels of {what}")
        for kind in self._kinds:
            fields[kind] = ("sc:Text", f"Path of the {kind} GeoTIFF")
            fields[f"{kind}_sha256"] = ("sc:Text", "Its SHA-256, hexadecimal")
        return fields

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Copy the files; returns the chip's row."""
        ChipFiles(copied=True).write(chip, out)
        box, date = outline(chip).box, chip_date(chip, self.date)
        row: dict[str, Any] = {
            "id": chip.stem,
            "chip_id": chip.chip_id,
            "scene": chip.scene,
            "split": chip.split,
            "date": None if date is None else date.isoformat(),
            "crs": crs_label(chip.crs_wkt),
            **dict(zip(("west", "south", "east", "north"), box, strict=True)),
        }
        for kind in listed(chip):
            row[kind] = chip.row["files"][kind]
            row[f"{kind}_sha256"] = chip.row["sha256"][kind]
        return Entry(chip.split, {name: row.get(name, chip.row.get(name)) for name in self._fields})

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """The table, then its description."""
        fields, reach, dates = self._fields, Reach(), set[str]()
        schema = pa.schema([(name, _TYPES[kind]) for name, (kind, _) in fields.items()])
        with TableWriter(out / _TABLE, schema) as table:

            def collect(entry: Entry) -> None:
                row = entry.value
                table.add(row)
                reach.add((row["west"], row["south"], row["east"], row["north"]))
                if row["date"]:
                    dates.add(row["date"])  # a day a scene: few

            yield collect
            table.finish({})
        described = self._described(_sha256(out / _TABLE), reach.box(), sorted(dates))
        (out / "croissant.json").write_text(compact(described) + "\n", encoding="utf-8")

    def _described(self, table_sha256: str, box: Box | None, dates: list[str]) -> dict[str, Any]:
        told: dict[str, Any] = {
            "@context": _CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            "name": self.about.id,
            "alternateName": self.about.title,
            "description": self.about.description,
            "license": self.about.license,
            "version": "1.0.0",
            **{name: value for name, value in self.more.items() if name != "creator"},
        }
        if "creator" in self.more:
            told["creator"] = {"@type": "sc:Person", "name": self.more["creator"]}
        if box is not None:
            west, south, east, north = box
            shape = {"@type": "sc:GeoShape", "box": f"{south} {west} {north} {east}"}
            told["spatialCoverage"] = {"@type": "sc:Place", "geo": shape}
        if dates:
            told["temporalCoverage"] = f"{dates[0]}/{dates[-1]}"
        files = {
            "@type": "cr:FileObject",
            "@id": "table",
            "name": "table",
            "contentUrl": _TABLE,
            "encodingFormat": "application/x-parquet",
            "sha256": table_sha256,
        }
        told["distribution"] = [files, *(self._file_set(kind) for kind in self._kinds)]
        told["recordSet"] = [self._splits(), self._classes(), self._chips()]
        return told

    def _file_set(self, kind: str) -> dict[str, Any]:
        folder = f"masks/{kind}"
        if is_image(kind):
            folder = "images" if kind == "image" else f"images/{layer_of(kind)}"
        return {
            "@type": "cr:FileSet",
            "@id": f"{kind}-files",
            "name": f"{kind}-files",
            "description": "GeoTIFF; each file's SHA-256 is in the table",
            "encodingFormat": "image/tiff",
            "includes": f"{folder}/*.tif",
        }

    def _splits(self) -> dict[str, Any]:
        rows = [
            {"splits/name": name, "splits/url": _SPLIT_URLS.get(standard_split(name) or "")}
            for name in self.source.splits
        ]
        fields = [_field("splits", "name", "sc:Text"), _field("splits", "url", "sc:URL")]
        return _record_set("splits", fields, "name") | {"dataType": "cr:Split", "data": rows}

    def _classes(self) -> dict[str, Any]:
        values = own_values(self.source)
        names = {**values.names, values.ignore: "ignore"}
        rows = [
            {"classes/code": code, "classes/name": name} for code, name in sorted(names.items())
        ]
        fields = [_field("classes", "code", "sc:Integer"), _field("classes", "name", "sc:Text")]
        return _record_set("classes", fields, "code") | {"data": rows}

    def _chips(self) -> dict[str, Any]:
        fields = [
            _field("chips", name, kind)
            | {
                "description": meaning,
                "source": {"fileObject": {"@id": "table"}, "extract": {"column": name}},
            }
            for name, (kind, meaning) in self._fields.items()
        ]
        return _record_set("chips", fields, "id")

    def card(self) -> Card:
        """How it is read."""
        return Card(
            "Croissant",
            _LAYOUT,
            _SNIPPET,
            (
                "the table of objects: instance masks hold the visible ones as local ids",
                "pixels as fields: mlcroissant makes TIFF 8-bit; open the paths with rasterio",
            ),
            {**self.about.facts(), **ChipFiles(copied=True).facts()},
        )


def _record_set(name: str, fields: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": {"@id": f"{name}/{key}"},
        "field": fields,
    }


def _field(record_set: str, name: str, kind: str) -> dict[str, Any]:
    found = f"{record_set}/{name}"
    return {"@type": "cr:Field", "@id": found, "name": found, "dataType": kind}


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()
