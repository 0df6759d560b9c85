"""A dataset's index as the page needs it: of all chips a few columns, rows of those it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from polychip.format_list import CHIPS, INSTANCES
from polychip.io.index import GEOMETRY, pixel_column, stat_column
from polychip.io.table_rows import TableRows
from polychip.report.choice import Features

_PLACE = ["chip_id", "scene", "split", "x_off", "y_off", "width", "height", "files"]
_IN_PREVIEW = 6
_CODED = ["group", "split"]
_PLAIN = [*_CODED, "width", "height", "valid_fraction", "labelled_fraction", "n_instances"]


@dataclass(frozen=True, slots=True)
class ChipIndex:
    """What the page shows of chips.parquet: some 100 bytes a chip are held, rows read on demand."""

    table: pa.Table
    """Numbers of all chips; texts in it are coded."""
    rows: TableRows
    """All columns."""
    pixels: dict[int, NDArray[np.int64]]
    """Pixels by class code in the schema's order, without background and ignore."""
    band_means: NDArray[np.float64]
    """(chips, bands) of the first layer; NaN without data."""
    band_names: tuple[str, ...]
    _known: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Rows that were asked for."""

    def __len__(self) -> int:
        """Number of chips."""
        return int(self.table.num_rows)

    def row(self, index: int) -> dict[str, Any]:
        """The row of a chip that is shown."""
        if index not in self._known:
            self.look_up([index])
        return self._known[index]

    def look_up(self, places: Sequence[int]) -> None:
        """Read some rows at once; they stay at hand."""
        rows = self.rows.take(places, _PLACE).to_pylist()
        self._known.update(zip(places, rows, strict=True))

    def texts(self, column: str, places: Sequence[int]) -> list[Any]:
        """A column of some chips as plain values."""
        values: list[Any] = self.rows.take(places, [column])[column].to_pylist()
        return values

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column of numbers; NaN where there is none."""
        return self.table[column].cast(pa.float64()).to_numpy().astype(np.float64)  # type: ignore[no-any-return]

    def coded(self, name: str) -> tuple[NDArray[np.int32], list[str | None]]:
        """A group's or split's number for each chip, and their names as they first appear."""
        column = self.table[name].unify_dictionaries().combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0)
        codes = pc.fill_null(column.indices, -1).to_numpy()
        values, first, place = np.unique(codes, return_index=True, return_inverse=True)
        names = [None if code < 0 else column.dictionary[code].as_py() for code in values.tolist()]
        order = np.argsort(first)
        return np.argsort(order).astype(np.int32)[place], [names[i] for i in order.tolist()]

    def corners(self, places: Sequence[int]) -> NDArray[np.float64]:
        """Corners of some footprints, (chips, 4, 2), round from that of the first pixel."""
        shapes = shapely.from_wkb(self.rows.take(places, [GEOMETRY])[GEOMETRY].to_numpy())
        ends = shapely.get_coordinates(shapes).reshape(len(places), -1, 2)
        return ends[:, : -1 : (ends.shape[1] - 1) // 4]

    def features(self, class_names: Mapping[int, str]) -> Features:
        """What chips are compared by: shares of classes, number of objects, means of bands."""
        names: list[str] = []
        columns: list[NDArray[np.float64]] = []
        size = np.maximum(self.numbers("width") * self.numbers("height"), 1)
        for code, pixels in self.pixels.items():
            names.append(f"share of {class_names[code]}")
            columns.append(pixels / size)
        objects = self.numbers("n_instances")
        if np.isfinite(objects).any():
            names.append("number of objects")
            columns.append(np.log1p(objects))
        names += [f"mean of {band}" for band in self.band_names]
        columns += list(self.band_means.T)
        values = np.stack(columns, axis=1) if columns else np.zeros((len(self), 0))
        return Features(
            tuple(names), values, self.pixels, self.numbers("labelled_fraction"),
            *self.coded("split"),
        )  # fmt: skip


def read_index(folder: Path, manifest: Mapping[str, Any]) -> ChipIndex:
    """The index of a dataset."""
    schema = manifest["schema"]
    special = (schema["background"], schema["ignore"])
    codes = [entry["code"] for entry in schema["classes"] if entry["code"] not in special]
    first: tuple[str, list[dict[str, Any]]] = ("image", [])
    key, bands = next(iter(manifest["bands"].items()), first)
    layer = "" if key == "image" else key
    wanted = [stat_column(layer, name) for name in ("n_valid", "sum")] if bands else []
    columns = [*_PLAIN, *(pixel_column(code) for code in codes), *wanted]
    table = pq.ParquetFile(folder / CHIPS, read_dictionary=_CODED).read(columns)
    means = np.zeros((table.num_rows, 0))
    if wanted:
        count, total = (
            table[name].combine_chunks().flatten().to_numpy().reshape(table.num_rows, -1)
            for name in wanted
        )
        means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        table = table.drop(wanted)
    names = tuple(band["name"] or f"band {band['band']}" for band in bands)
    pixels = {code: table[pixel_column(code)].to_numpy() for code in codes}
    return ChipIndex(table, TableRows(folder / CHIPS), pixels, means, names)


@dataclass(frozen=True, slots=True)
class ObjectSizes:
    """Pixels seen of the objects in the chips."""

    by_class: dict[int, NDArray[np.int64]]
    """Visible pixels of each object in each chip that shows it, by class code."""
    n_cut: int
    """How many of them go on beyond their chip."""


def read_sizes(folder: Path) -> ObjectSizes | None:
    """Sizes of the objects; None for a dataset that tells none apart."""
    path = folder / INSTANCES
    if not path.exists():
        return None
    table = pq.ParquetFile(path).read(["class_code", "visible_px", "truncated"])
    codes, sizes = table["class_code"].to_numpy(), table["visible_px"].to_numpy()
    seen = sizes > 0
    by_class = {int(code): sizes[seen & (codes == code)] for code in np.unique(codes[seen])}
    return ObjectSizes(by_class, int((table["truncated"].to_numpy() & seen).sum()))


def preview_rows(
    folder: Path, manifest: Mapping[str, Any], count: int = _IN_PREVIEW
) -> list[dict[str, Any]]:
    """Where the chips lie in which each class in turn, the rarest first, has the most pixels."""
    schema = manifest["schema"]
    special = (schema["background"], schema["ignore"])
    codes = [c["code"] for c in schema["classes"] if c["code"] not in special]
    totals = manifest["counts"]["pixels"]
    codes.sort(key=lambda code: totals.get(str(code), 0))
    columns = [f"px_{code}" for code in codes]
    table = pq.ParquetFile(folder / CHIPS).read(["valid_fraction", *columns])
    valid = table["valid_fraction"].to_numpy()
    chosen: list[int] = []
    for turn in range(count * max(1, len(columns))):
        if len(chosen) >= min(count, len(valid)):
            break
        pixels = table[columns[turn % len(columns)]].to_numpy() if columns else valid
        score = pixels * valid + 1e-6 * valid
        score[chosen] = -1.0
        best = int(np.argmax(score))
        if best not in chosen:
            chosen.append(best)
    rows: list[dict[str, Any]] = TableRows(folder / CHIPS).take(chosen, _PLACE).to_pylist()
    return rows
