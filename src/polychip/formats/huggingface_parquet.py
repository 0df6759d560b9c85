"""Parquet files with the features that Hugging Face's `datasets` reads from their metadata."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

_MOST_BYTES = 256 * 10**6
"""Of a file: larger ones are slow to stream."""
_GROUP_BYTES = 32 * 10**6
"""Of a row group, and so of what is held in memory."""
_GROUP_ROWS = 500

_PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_NUMBERS = pa.list_(pa.float64())
_PLACE = pa.struct([("crs", pa.string()), ("transform", _NUMBERS), ("bounds", _NUMBERS)])
_OBJECT = pa.struct([
    ("local_id", pa.int32()), ("instance_id", pa.string()), ("class_code", pa.int32()),
    ("bbox_px", pa.list_(pa.int32())), ("area_px", pa.int64()), ("visible_px", pa.int64()),
    ("truncated", pa.bool_()), ("rle", pa.string()),
])  # fmt: skip


def with_features(parts: Path, files: dict[str, str], facts: dict[str, Any]) -> dict[str, Any]:
    """A row of the table; takes the chip's files from where they wait."""
    row: dict[str, Any] = {}
    for name, path in files.items():
        data = (parts / path).read_bytes()
        (parts / path).unlink()
        row[name] = data if name == "tiff" else {"bytes": data, "path": Path(path).name}
    return row | facts


class ParquetShards:
    """The Parquet files of a split, written group by group."""

    def __init__(self, folder: Path, split: str, *, has_objects: bool) -> None:
        self._folder, self._split = folder, split
        self._schema = _schema(has_objects=has_objects)
        self._writer: pq.ParquetWriter | None = None
        self._rows: list[dict[str, Any]] = []
        self._n_files = self._waiting = self._written = 0

    def __enter__(self) -> Self:
        """The files themselves."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what waits, unless something went wrong."""
        if kind is None:
            self._flush()
        self._close()

    def add(self, row: dict[str, Any]) -> None:
        """Append a chip."""
        self._rows.append(row)
        self._waiting += len(row["tiff"]) + sum(
            len(value["bytes"]) for name, value in row.items() if name in ("image", "mask")
        )
        if self._waiting >= _GROUP_BYTES or len(self._rows) >= _GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        if self._writer is None:
            path = self._folder / f"{self._split}-{self._n_files:05d}.parquet"
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
            self._n_files += 1
            self._written = 0
        table = pa.Table.from_pylist(self._rows, schema=self._schema)
        self._writer.write_table(table, row_group_size=len(self._rows))
        self._written += self._waiting
        self._rows, self._waiting = [], 0
        if self._written >= _MOST_BYTES:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _schema(*, has_objects: bool) -> pa.Schema:
    fields = [pa.field("image", _PICTURE), pa.field("mask", _PICTURE)]
    if has_objects:
        fields.append(pa.field("instance", _PICTURE))
    fields += [
        pa.field("tiff", pa.binary()), pa.field("chip_id", pa.string()),
        pa.field("scene", pa.string()), pa.field("date", pa.string()),
        pa.field("tile_metadata", _PLACE),
    ]  # fmt: skip
    if has_objects:
        fields.append(pa.field("objects", pa.list_(_OBJECT)))
    features = {field.name: _feature(field.type) for field in fields}
    told = json.dumps({"info": {"features": features}})
    return pa.schema(fields, metadata={"huggingface": told})


def _feature(kind: pa.DataType) -> Any:
    """How `datasets` writes a type down."""
    if kind == _PICTURE:
        return {"_type": "Image"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    names = {"double": "float64"}
    return {"dtype": names.get(str(kind), str(kind)), "_type": "Value"}
