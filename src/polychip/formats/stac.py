"""A STAC catalogue of the chips: an item each, with its imagery and its labels.

Source: STAC 1.1 (item, collection) and its extensions label 1.0.1, projection 2.0, file 2.1,
classification 1.1 and ml-aoi 0.2.
"""

import datetime
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from polychip.crs import epsg_code
from polychip.formats.about import About, about, chip_date, given_date, unique_names
from polychip.formats.chip import SourceChip
from polychip.formats.chip_files import (
    GEOTIFF,
    ChipFiles,
    chip_files,
    is_image,
    layer_of,
    listed,
    size_and_hash,
)
from polychip.formats.class_values import own_values
from polychip.formats.geographic import Reach, outline
from polychip.formats.json_parts import JsonLists, compact
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source, standard_splits

_EXTENSION = "https://stac-extensions.github.io/{}/schema.json"
_ITEM_EXTENSIONS = [
    _EXTENSION.format(name)
    for name in (
        "label/v1.0.1",
        "projection/v2.0.0",
        "file/v2.1.0",
        "classification/v1.1.0",
        "ml-aoi/v0.2.0",
    )
]
_COLLECTION_EXTENSIONS = [_EXTENSION.format("ml-aoi/v0.2.0")]
_SPLITS = {"train": "train", "val": "validate", "test": "test"}
_SHA256 = "1220"
"""What a multihash says before 32 bytes of SHA-256."""
_COMPLEX = {"complex64": "cfloat32", "complex128": "cfloat64", "complex_int16": "cint16"}
_MASKS = {"semantic": "Classes", "instance": "Objects"}
_LAYOUT = """\
collection.json                   what all items share, a link to each
items/SCENE/rROW/*.json           an item a chip
images/, masks/                   the GeoTIFFs, as in the dataset{where}
"""
_SNIPPET = """\
import pystac
import rasterio

collection = pystac.Collection.from_file("collection.json")
for item in collection.get_items():
    if item.properties["ml-aoi:split"] == "{split}":
        with rasterio.open(item.assets["{image}"].get_absolute_href()) as file:
            image = file.read()
        with rasterio.open(item.assets["semantic"].get_absolute_href()) as file:
            mask = file.read(1)
"""


def prepare(preparation: Preparation) -> "Stac":
    """STAC for a dataset; its options are of `chip_files`, `about` and `given_date`."""
    source = preparation.source
    splits = {
        name: _SPLITS[plain] for name, plain in standard_splits(source, preparation.name).items()
    }
    return Stac(
        source,
        chip_files(preparation),
        about(preparation, "other"),
        given_date(preparation),
        splits,
        _classes(source),
    )


@dataclass(frozen=True, slots=True)
class Stac:
    """The STAC catalogue of one dataset."""

    source: Source
    files: ChipFiles
    about: About
    date: datetime.date | None
    """Of scenes without one."""
    splits: dict[str, str]
    """ml-aoi's name of each split."""
    classes: list[dict[str, Any]]
    """classification:classes of the semantic masks."""

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Write the item and, where they are copied, its files."""
        self.files.write(chip, out)
        first = PurePosixPath(chip.row["files"]["semantic"])
        folder = f"items/{chip.scene}/{first.parent.name}"
        where, date = outline(chip), chip_date(chip, self.date)
        if date is None:
            raise chip.refused(
                f"its scene '{chip.scene}' has no date, and a STAC item needs one",
                "give the scene a date in the recipe, or one for all scenes without "
                "(--set date=2024-10-31)",
            )
        root = {"href": "../../../collection.json", "type": "application/json"}
        item = {
            "type": "Feature",
            "stac_version": "1.1.0",
            "stac_extensions": _ITEM_EXTENSIONS,
            "id": chip.stem,
            "collection": self.about.id,
            "bbox": list(where.box),
            "geometry": where.geometry,
            "properties": self._properties(chip, date),
            "links": [
                *({"rel": rel} | root for rel in ("root", "parent", "collection")),
                {
                    "rel": "source",
                    "href": f"./{chip.stem}.json",
                    "type": "application/geo+json",
                    "label:assets": [kind for kind in listed(chip) if is_image(kind)],
                },
            ],
            "assets": {kind: self._asset(chip, kind, out, folder) for kind in listed(chip)},
        }
        (out / folder).mkdir(parents=True, exist_ok=True)
        name = f"{folder}/{chip.stem}.json"
        (out / name).write_text(compact(item) + "\n", encoding="utf-8")
        return Entry(chip.split, (name, where.box, date))

    def _properties(self, chip: SourceChip, date: datetime.date) -> dict[str, Any]:
        height, width = chip.shape
        t = chip.transform
        corners = [(x, y) for x in (0, width) for y in (0, height)]
        xs = [t.a * x + t.b * y + t.c for x, y in corners]
        ys = [t.d * x + t.e * y + t.f for x, y in corners]
        code = epsg_code(chip.crs_wkt)
        names = [entry["title"] for entry in self.classes]
        counts = [
            {"name": entry["title"], "count": int(chip.row[f"px_{entry['value']}"])}
            for entry in self.classes
        ]
        return {
            "datetime": f"{date}T00:00:00Z",
            "start_datetime": f"{date}T00:00:00Z",
            "end_datetime": f"{date}T23:59:59Z",
            "proj:code": None if code is None else f"EPSG:{code}",
            **({"proj:wkt2": chip.crs_wkt} if code is None else {}),
            "proj:shape": [height, width],
            "proj:transform": list(t)[:6],
            "proj:bbox": [min(xs), min(ys), max(xs), max(ys)],
            "label:type": "raster",
            "label:properties": None,
            "label:description": self.about.description,
            "label:tasks": ["segmentation"],
            "label:classes": [{"name": None, "classes": names}],
            "label:overviews": [{"counts": counts}],
            "ml-aoi:split": self.splits[chip.split],
            "polychip:chip_id": chip.chip_id,
            "polychip:scene": chip.scene,
            "polychip:valid_fraction": chip.row["valid_fraction"],
            "polychip:labelled_fraction": chip.row["labelled_fraction"],
            "polychip:n_instances": chip.row["n_instances"],
        }

    def _asset(self, chip: SourceChip, kind: str, out: Path, folder: str) -> dict[str, Any]:
        size, sha256 = size_and_hash(chip, kind)
        asset: dict[str, Any] = {
            "href": self.files.href(chip, kind, out, folder),
            "type": GEOTIFF,
            "file:size": size,
            "file:checksum": _SHA256 + sha256,
        }
        if not is_image(kind):
            asset |= {
                "title": _MASKS.get(kind, kind),
                "roles": ["labels", "labels-raster"],
                "ml-aoi:role": "label",
            }
            if kind == "semantic":
                asset["classification:classes"] = self.classes
            return asset
        layer = self.source.scenes[chip.scene]["layers"][layer_of(kind)]
        dtype = str(layer["dtype"])
        asset |= {
            "title": f"Imagery: {layer_of(kind)}",
            "roles": ["data"],
            "ml-aoi:role": "feature",
            "data_type": _COMPLEX.get(dtype, dtype),
            "bands": [{"name": name or str(i)} for i, name in enumerate(layer["bands"], start=1)],
        }
        if layer["nodata"] is not None:
            asset["nodata"] = _nodata(layer["nodata"])
        return asset

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """The collection; its links are streamed, its extent is known at the end."""
        reach, dates = Reach(), set[datetime.date]()
        head: dict[str, Any] = {
            "type": "Collection",
            "stac_version": "1.1.0",
            "stac_extensions": _COLLECTION_EXTENSIONS,
            "id": self.about.id,
            "title": self.about.title,
            "description": self.about.description,
            "license": self.about.license,
            "summaries": {"ml-aoi:split": [self.splits[name] for name in self.source.splits]},
        }
        with JsonLists(out / "collection.json", ("links",), head) as document:
            root = {"rel": "root", "href": "./collection.json", "type": "application/json"}
            document.add("links", root)

            def collect(entry: Entry) -> None:
                name, box, date = entry.value
                reach.add(box)
                dates.add(date)  # scenes have a day each: few
                link = {"rel": "item", "href": f"./{name}", "type": "application/geo+json"}
                document.add("links", link)

            yield collect
            first, last = (min(dates), max(dates)) if dates else (None, None)
            head["extent"] = {
                "spatial": {"bbox": [list(reach.box() or (-180.0, -90.0, 180.0, 90.0))]},
                "temporal": {
                    "interval": [
                        [first and f"{first}T00:00:00Z", last and f"{last}T23:59:59Z"],
                    ]
                },
            }

    def card(self) -> Card:
        """How it is read."""
        split = self.splits[self.source.splits[0]]
        where = "" if self.files.copied else ", where they are"
        return Card(
            "STAC catalogue",
            _LAYOUT.format(where=where),
            _SNIPPET.format(split=split, image=self.source.image_kind(self.source.layers[0])),
            (
                "the table of objects: instance masks hold the visible ones as local ids",
                "the hour: a scene's date is its whole day, and datetime that day's start",
            ),
            {
                **self.about.facts(),
                **self.files.facts(),
                "splits": self.splits,
                "classes": self.classes,
            },
        )


def _classes(source: Source) -> list[dict[str, Any]]:
    """Background, classes and ignore as classification:classes; names in ASCII, titles as given."""
    values = own_values(source)
    titles = {**values.names, values.ignore: "ignore"}
    plain = unique_names(list(titles.values()))
    return [
        {
            "value": value,
            "name": name,
            "title": title,
            "color_hint": "{:02X}{:02X}{:02X}".format(*values.colors[value]),
            **({"nodata": True} if value == values.ignore else {}),
        }
        for name, (value, title) in zip(plain, titles.items(), strict=True)
    ]


def _nodata(value: float | str) -> float | str:
    """As STAC writes it: what JSON can't hold is a text."""
    if isinstance(value, str) or math.isfinite(value):
        return value
    return "inf" if value > 0 else "-inf"
