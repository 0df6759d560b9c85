"""A dataset's index as the page needs it: columns, not rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from polychip.format_list import CHIPS, INSTANCES
from polychip.io.index import GEOMETRY, pixel_column, stat_column
from polychip.report.choice import Features

_PLACE = ["chip_id", "scene", "x_off", "y_off", "width", "height", "files"]
_IN_PREVIEW = 6
_PLAIN = [
    "chip_id", "group", "scene", "row", "col", "x_off", "y_off", "width", "height", "split",
    "files", "valid_fraction", "labelled_fraction", "n_instances",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChipIndex:
    """The columns of chips.parquet that the page shows."""

    table: pa.Table
    pixels: dict[int, NDArray[np.int64]]
    """Pixels by class code in the schema's order, without background and ignore."""
    band_means: NDArray[np.float64]
    """(chips, bands) of the first layer; NaN without data."""
    band_names: tuple[str, ...]

    def __len__(self) -> int:
        """Number of chips."""
        return int(self.table.num_rows)

    def row(self, index: int) -> dict[str, Any]:
        """A chip's row."""
        rows: list[dict[str, Any]] = self.table.slice(index, 1).to_pylist()
        return rows[0]

    def texts(self, column: str) -> list[Any]:
        """A column as plain values."""
        values: list[Any] = self.table[column].to_pylist()
        return values

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column of numbers; NaN where there is none."""
        return self.table[column].cast(pa.float64()).to_numpy().astype(np.float64)  # type: ignore[no-any-return]

    def corners(self) -> NDArray[np.float64]:
        """Corners of the footprints, (chips, 4, 2), round from that of the first pixel."""
        shapes = shapely.from_wkb(self.table[GEOMETRY].to_numpy())
        ends = shapely.get_coordinates(shapes).reshape(len(self), -1, 2)
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
            self.texts("split"),
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
    columns = [*_PLAIN, GEOMETRY, *(pixel_column(code) for code in codes), *wanted]
    table = pq.read_table(folder / CHIPS, columns=columns)
    means = np.zeros((table.num_rows, 0))
    if wanted:
        count, total = (
            table[name].combine_chunks().flatten().to_numpy().reshape(table.num_rows, -1)
            for name in wanted
        )
        means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    names = tuple(band["name"] or f"band {band['band']}" for band in bands)
    pixels = {code: table[pixel_column(code)].to_numpy() for code in codes}
    return ChipIndex(table, pixels, means, names)


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
    table = pq.read_table(path, columns=["class_code", "visible_px", "truncated"])
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
    table = pq.read_table(folder / CHIPS, columns=[*_PLACE, "valid_fraction", *columns])
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
    rows: list[dict[str, Any]] = table.select(_PLACE).take(chosen).to_pylist()
    return rows
