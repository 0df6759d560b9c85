"""The grid of chips as a GeoPackage: where each chip lies, its split, files and counts; for QGIS.

Source: OGC GeoPackage 1.2, which older QGIS reads without a warning; layer_styles is QGIS's own.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from polychip.format_list import CHIPS
from polychip.formats.chip import SourceChip
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.qgis_style import grid_style
from polychip.formats.source import Source
from polychip.io.index import GEOMETRY, pixel_column
from polychip.io.layer_styles import FIXED_CLOCK, store_styles

FILE = "chips.gpkg"
_LAYER = "chips"
_LEFT_OUT = "left_out"
_BATCH = 4096
_TEXTS = ("chip_id", "group", "scene", "date", "split")
_WHOLE = ("row", "col", "x_off", "y_off", "width", "height")
_SHARES = ("valid_fraction", "labelled_fraction")
_LAYOUT = """\
chips.gpkg
  chips       a polygon a chip: split, scene, date, pixels by class, objects, its files
  left_out    why chips are missing, with how many; chips that failed one by one
"""
_SNIPPET = """\
import geopandas

chips = geopandas.read_file("chips.gpkg", layer="chips")
print(chips.groupby("split", dropna=False).size())
# QGIS: drop chips.gpkg on the map; splits are coloured by the style stored in it
"""


def prepare(preparation: Preparation) -> "ChipGrid":
    """The grid of a dataset's chips; it has no options."""
    return ChipGrid(preparation.source)


@dataclass(frozen=True, slots=True)
class ChipGrid:
    """The GeoPackage of one dataset's chips."""

    source: Source

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:  # noqa: ARG002 - no files of its own
        """The chip's row."""
        row = chip.row
        values = [None if row[name] is None else str(row[name]) for name in _TEXTS]
        values += [row[name] for name in (*_WHOLE, *_SHARES)]
        values += [row[pixel_column(code)] for code in self._codes]
        values += [row["n_instances"]] if self.source.has_objects else []
        values += [row["files"].get(kind) for kind in self._kinds]
        return Entry(chip.split, (row[GEOMETRY], values))

    @property
    def _codes(self) -> list[int]:
        schema = self.source.schema
        return sorted({schema.background, schema.ignore, *(c.code for c in schema.classes)})

    @property
    def _kinds(self) -> list[str]:
        kinds = [self.source.image_kind(layer) for layer in self.source.layers] + ["semantic"]
        return kinds + ["instance"] * self.source.has_objects

    @property
    def _columns(self) -> list[tuple[str, str]]:
        """Name and type of each field."""
        columns = [(name, "object") for name in _TEXTS]
        columns += [(name, "int64") for name in _WHOLE]
        columns += [(name, "float64") for name in _SHARES]
        columns += [(pixel_column(code), "int64") for code in self._codes]
        columns += [("n_instances", "int64")] if self.source.has_objects else []
        return columns + [(kind, "object") for kind in self._kinds]

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """Both layers and the style."""
        path = out / FILE
        crs = index_crs_wkt(self.source.folder / CHIPS)
        waiting: list[tuple[bytes, list[Any]]] = []

        def collect(entry: Entry) -> None:
            waiting.append(entry.value)
            if len(waiting) == _BATCH:
                self._append(path, crs, waiting)
                waiting.clear()

        yield collect
        if waiting or not path.exists():
            self._append(path, crs, waiting)
        self._add_left_out(path)
        self._finish(path)

    def _append(self, path: Path, crs: str, rows: list[tuple[bytes, list[Any]]]) -> None:
        geometry = np.array([row[0] for row in rows], dtype=object)
        columns = self._columns
        data = [
            np.array([row[1][index] for row in rows], dtype=kind)
            for index, (_, kind) in enumerate(columns)
        ]
        names = [name for name, _ in columns]
        _write(
            path, _LAYER, geometry, data, names, crs=crs, geometry_type="Polygon",
            append=path.exists(),
        )  # fmt: skip

    def _add_left_out(self, path: Path) -> None:
        """Chips that are missing: by reason as the manifest counts them, failed ones by name."""
        counts = self.source.manifest["counts"]
        rows = [(None, None, reason, n) for reason, n in counts["skipped"].items()]
        for chip, reason in counts["failed"].items():
            scene, _, chip_id = chip.partition("/")
            rows.append((scene, chip_id, reason, 1))
        kinds = ("object", "object", "object", "int64")
        data = [np.array([row[i] for row in rows], dtype=kind) for i, kind in enumerate(kinds)]
        _write(path, _LEFT_OUT, None, data, ["scene", "chip_id", "reason", "chips"])

    def _finish(self, path: Path) -> None:
        """Store the style, and take the clock out."""
        with closing(sqlite3.connect(path)) as file, file:
            store_styles(file, {_LAYER: grid_style(self.source.splits)})
            file.execute("UPDATE gpkg_contents SET last_change = ?", (FIXED_CLOCK,))
        with closing(sqlite3.connect(path)) as file:
            file.execute("VACUUM")

    def card(self) -> Card:
        """How it is read."""
        return Card(
            "The grid of chips (GeoPackage)",
            _LAYOUT,
            _SNIPPET,
            (
                "pixels: the fields image, semantic, … are the files' paths below the dataset",
                "the places of skipped chips: the dataset counts them by reason",
            ),
            {"paths": "below the dataset's folder"},
        )


def index_crs_wkt(path: Path) -> str:
    """The CRS of the index's footprints."""
    from polychip.crs import parse_crs

    with pq.ParquetFile(path) as file:
        geo = json.loads(file.metadata.metadata[b"geo"])
    return str(parse_crs(json.dumps(geo["columns"][GEOMETRY]["crs"])).to_wkt())


def _write(
    path: Path,
    layer: str,
    geometry: Any,
    data: list[Any],
    names: list[str],
    *,
    crs: str | None = None,
    geometry_type: str | None = None,
    append: bool = False,
) -> None:
    """Write a new layer, or append rows to one."""
    import pyogrio.raw

    pyogrio.raw.write(
        str(path), geometry, data, names, layer=layer, driver="GPKG", crs=crs,
        geometry_type=geometry_type, append=append,
        dataset_options=None if path.exists() else {"VERSION": "1.2"},
    )  # fmt: skip
