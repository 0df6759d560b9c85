"""The dataset's two tables, streamed: chips.parquet (GeoParquet 1.1) and instances.parquet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from polychip.crs import WGS84, choose_operation, parse_crs
from polychip.grid import Grid, Window

GEOMETRY = "footprint"
_BOX = pa.struct([(name, pa.float64()) for name in ("xmin", "ymin", "xmax", "ymax")])

INSTANCE_SCHEMA = pa.schema(
    [
        ("chip_id", pa.string()),
        ("scene", pa.string()),
        ("local_id", pa.int32()),
        ("instance_id", pa.string()),
        ("namespace", pa.string()),
        ("class_code", pa.int32()),
        ("source_fid", pa.string()),
        ("n_features", pa.int32()),
        ("bbox_px", pa.list_(pa.int32(), 4)),
        ("area_px", pa.int64()),
        ("visible_px", pa.int64()),
        ("truncated", pa.bool_()),
        ("visible_fraction", pa.float64()),
        ("rle", pa.string()),
    ]
)


_SOURCE = pa.list_(
    pa.struct(
        [
            ("path", pa.string()),
            ("bands", pa.list_(pa.int32())),
            ("x_off", pa.int64()),
            ("y_off", pa.int64()),
        ]
    )
)


def chip_schema(
    layers: Sequence[str],
    kinds: Sequence[str],
    codes: Sequence[int],
    *,
    sources: bool = False,
    rests: bool = False,
) -> pa.Schema:
    """Columns of chips.parquet.

    Args:
        layers: folder names, '' for the only layer.
        kinds: of files a chip has.
        codes: of all classes, background and ignore included.
        sources: whether the chips are windows of the sources.
        rests: whether chips leave out small rests of objects.
    """
    texts = pa.struct([(kind, pa.string()) for kind in kinds])
    fields: list[tuple[str, pa.DataType]] = [
        ("chip_id", pa.string()),
        ("group", pa.string()),
        ("scene", pa.string()),
        ("date", pa.date32()),
        ("row", pa.int64()),
        ("col", pa.int64()),
        ("x_off", pa.int64()),
        ("y_off", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("split", pa.string()),
        (GEOMETRY, pa.binary()),
        ("bbox", _BOX),
        ("files", texts),
        ("sha256", texts),
        ("valid_fraction", pa.float64()),
        ("labelled_fraction", pa.float64()),
        *((pixel_column(code), pa.int64()) for code in codes),
        ("n_instances", pa.int32()),
    ]
    if rests:
        fields.append(("n_rests", pa.int32()))
    if sources:
        fields += [(source_column(layer), _SOURCE) for layer in layers]
    for layer in layers:
        fields.append((stat_column(layer, "n_valid"), pa.list_(pa.int64())))
        fields += [
            (stat_column(layer, name), pa.list_(pa.float64()))
            for name in ("sum", "sumsq", "min", "max")
        ]
    return pa.schema(fields)


def pixel_column(code: int) -> str:
    """Name of the column with the pixels of a class."""
    return f"px_{code}"


def stat_column(layer: str, name: str) -> str:
    """Name of the column with a statistic of a layer's bands."""
    return f"{layer}_band_{name}" if layer else f"band_{name}"


def source_column(layer: str) -> str:
    """Name of the column with the windows of a layer's files."""
    return f"source_{layer}" if layer else "source"


class TableWriter:
    """Writes rows as they come, in row groups of bounded size."""

    _GROUP = 8192

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self._columns: dict[str, list[Any]] = {name: [] for name in schema.names}
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row; columns that it lacks are null."""
        for name, values in self._columns.items():
            values.append(row.get(name))
        self._flush_group()

    def extend(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows given as columns: all of the schema's, of one length."""
        for name, values in self._columns.items():
            values.extend(columns[name])
        self._flush_group()

    def _flush_group(self) -> None:
        if self._n_rows >= self._GROUP:
            self._flush()

    @property
    def _n_rows(self) -> int:
        return len(next(iter(self._columns.values())))

    def _flush(self) -> None:
        if self._n_rows:
            self._writer.write_table(pa.Table.from_pydict(self._columns, schema=self.schema))
            self._columns = {name: [] for name in self._columns}

    def finish(self, metadata: dict[str, str]) -> None:
        """Write what is left and the file's metadata."""
        self._flush()
        if metadata:
            self._writer.add_key_value_metadata(metadata)

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._writer.close()


@dataclass(slots=True)
class Footprints:
    """Outlines of chips in the index's CRS, and their total bounds."""

    crs_wkt: str
    """The grids' CRS, or EPSG:4326 where scenes differ."""
    bounds: list[float] = field(default_factory=lambda: [np.inf, np.inf, -np.inf, -np.inf])

    def of(self, grid: Grid, windows: Sequence[Window]) -> list[tuple[bytes, dict[str, float]]]:
        """(WKB, bounding box) of each window; sides get inner points where they may bend."""
        operation = choose_operation(grid.crs_wkt, self.crs_wkt, allow_ballpark=True)
        points = 2 if operation.is_identity else 9
        outlines = grid.outlines(windows, points=points)
        sides = operation.forward(*outlines.reshape(-1, 2).T).reshape(outlines.shape)
        shapes = shapely.polygons(np.concatenate((sides, sides[:, :1]), axis=1))
        boxes = shapely.bounds(shapes)
        self._grow(boxes)
        names = ("xmin", "ymin", "xmax", "ymax")
        wkb = shapely.to_wkb(shapes)
        return [
            (shape, dict(zip(names, box, strict=True)))
            for shape, box in zip(wkb, boxes.tolist(), strict=True)
        ]

    def _grow(self, boxes: NDArray[np.float64]) -> None:
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        self.bounds[:2] = np.minimum(self.bounds[:2], low).tolist()
        self.bounds[2:] = np.maximum(self.bounds[2:], high).tolist()

    def metadata(self) -> dict[str, str]:
        """The file's `geo` entry. Source: GeoParquet 1.1.0."""
        covering = {name: ["bbox", name] for name in ("xmin", "ymin", "xmax", "ymax")}
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": ["Polygon"],
            "crs": json.loads(parse_crs(self.crs_wkt).to_json()),
            "covering": {"bbox": covering},
        }
        if np.isfinite(self.bounds).all():
            column["bbox"] = self.bounds
        geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
        return {"geo": json.dumps(geo, sort_keys=True)}


def index_crs(grids: Sequence[Grid]) -> str:
    """The CRS of all footprints: the grids' own when they share one, else EPSG:4326."""
    from polychip.crs import same_crs, to_wkt

    first = grids[0].crs_wkt
    return first if all(same_crs(first, grid.crs_wkt) for grid in grids[1:]) else to_wkt(WGS84)
