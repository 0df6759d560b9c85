"""A dataset's chips as a stream, each with its objects; memory does not grow with the chips."""

from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polychip.errors import InputError
from polychip.formats.chip import SourceChip
from polychip.formats.source import Source
from polychip.names import PATH_BELOW, PLAIN_NAME, printable
from polychip.tables import CHIPS, INSTANCES

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
        _check_row(source, row)
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


def _check_row(source: Source, row: Mapping[str, Any]) -> None:
    """Files are named after what a row says; nobody's dataset shall name them out of the output.

    Raises:
        InputError: the row was not written by Polychip, or was changed.
    """
    split = row["split"]
    known = row["scene"] in source.scenes and split in (None, *source.splits)
    names = [row["scene"], row["chip_id"], *([split] if split else [])]
    inside = all(path is None or PATH_BELOW.fullmatch(path) for path in row["files"].values())
    if not (known and inside and all(PLAIN_NAME.fullmatch(name) for name in names)):
        raise InputError(
            f"{source.folder / CHIPS}: the chip '{printable(row['chip_id'])}' of the scene "
            f"'{printable(row['scene'])}' has names or files that no dataset of Polychip has; run "
            "polychip verify, and don't trust where it comes from"
        )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: can't be read ({error}); run polychip verify") from error
