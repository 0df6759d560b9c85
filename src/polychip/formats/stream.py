"""A dataset's chips as a stream, each with its objects; memory does not grow with the chips."""

from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polychip.errors import InputError
from polychip.format_list import CHIPS, INSTANCES
from polychip.formats.chip import SourceChip
from polychip.formats.source import Source

_BATCH = 1024
"""Rows that are held as Python objects at a time."""
_AT_ONCE = 32
"""Chips that a worker gets at a time."""


def stream_chips(source: Source) -> Iterator[SourceChip]:
    """All chips in the index's order.

    Raises:
        InputError: a table is missing or broken, or they don't fit each other.
    """
    groups: Iterator[tuple[tuple[str, str], list[dict[str, Any]]]] = iter(())
    if source.has_objects:
        rows = _rows(source.folder / INSTANCES)
        groups = (
            (key, list(part))
            for key, part in groupby(rows, key=lambda row: (row["scene"], row["chip_id"]))
        )
    waiting = next(groups, None)
    for number, row in enumerate(_rows(source.folder / CHIPS)):
        objects: list[dict[str, Any]] = []
        if waiting is not None and waiting[0] == (row["scene"], row["chip_id"]):
            objects = waiting[1]
            waiting = next(groups, None)
        yield SourceChip(source, number, row, objects)
    if waiting is not None:
        raise InputError(
            f"{source.folder / INSTANCES}: objects of {'/'.join(waiting[0])} are out of order, or "
            "that chip is missing from the index; run polychip verify"
        )


def in_parts(chips: Iterator[SourceChip]) -> Iterator[list[SourceChip]]:
    """Chips by the handful, in their order: what a worker gets at a time."""
    while part := list(islice(chips, _AT_ONCE)):
        yield part


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: can't be read ({error}); run polychip verify") from error
