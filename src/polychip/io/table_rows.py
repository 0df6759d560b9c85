"""Some rows of a Parquet table, however long it is: row groups are read when they are asked for."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

_GROUPS_HELD = 64
"""Half a million rows of the index, 250 MB."""
_PARTS_HELD = 4
"""Row groups of some columns: those who ask for row after row ask for few of them."""


class TableRows:
    """Rows by their place. It pickles, and is then opened anew."""

    def __init__(self, path: Path) -> None:
        """Read the file's header.

        Raises:
            OSError: it can't be read.
            pyarrow.ArrowException: it is no Parquet file.
        """
        self._path = path
        self._file = pq.ParquetFile(path)
        told = self._file.metadata
        sizes = [told.row_group(number).num_rows for number in range(told.num_row_groups)]
        self._starts = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        self._held: OrderedDict[int, pa.Table] = OrderedDict()
        self._parts: OrderedDict[tuple[int, tuple[str, ...]], pa.Table] = OrderedDict()

    def __reduce__(self) -> tuple[type["TableRows"], tuple[Path]]:
        """Files that are open don't pickle."""
        return TableRows, (self._path,)

    def __len__(self) -> int:
        """Number of rows."""
        return int(self._starts[-1])

    def row(self, place: int) -> dict[str, Any]:
        """A row as plain values; neighbours, and what was asked for lately, are at hand."""
        group = self._group(place)
        table = self._held.get(group)
        if table is None:
            table = self._held[group] = self._file.read_row_group(group)
            if len(self._held) > _GROUPS_HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(group)
        values: list[dict[str, Any]] = table.slice(place - int(self._starts[group]), 1).to_pylist()
        return values[0]

    def take(self, places: Sequence[int] | NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Some columns of some rows, in the order of `places`; what was read last stays at hand."""
        wanted = np.asarray(places, dtype=np.int64)
        groups = np.searchsorted(self._starts, wanted, side="right") - 1
        parts = [self._file.schema_arrow.empty_table().select(list(columns))]
        order = np.argsort(groups, kind="stable")
        for group in np.unique(groups).tolist():
            inside = wanted[order[groups[order] == group]] - self._starts[group]
            parts.append(self._columns(group, tuple(columns)).take(inside))
        back = np.empty(len(wanted), dtype=np.int64)
        back[order] = np.arange(len(wanted))
        return pa.concat_tables(parts).take(back)

    def _columns(self, group: int, columns: tuple[str, ...]) -> pa.Table:
        table = self._parts.get((group, columns))
        if table is None:
            table = self._parts[group, columns] = self._file.read_row_group(group, columns=columns)
            if len(self._parts) > _PARTS_HELD:
                self._parts.popitem(last=False)
        return table

    def _group(self, place: int) -> int:
        return int(np.searchsorted(self._starts, place, side="right")) - 1
