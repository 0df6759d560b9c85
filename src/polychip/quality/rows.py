"""The index read back as a stream: chips one by one, each with its objects."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polychip.errors import InputError, some
from polychip.format_list import CHIPS, INSTANCES
from polychip.grid import Window
from polychip.io.index import GEOMETRY

_BATCH = 4096
_NEEDED = (
    "chip_id", "scene", "x_off", "y_off", "width", "height", "split", GEOMETRY, "files",
    "sha256", "valid_fraction", "labelled_fraction", "n_instances",
)  # fmt: skip
_PIXELS = "px_"
_STATISTIC = "band_n_valid"


@dataclass(frozen=True, slots=True)
class ChipRow:
    """A row of chips.parquet."""

    number: int
    """Place in the index, from 0."""
    values: dict[str, Any]

    @property
    def chip_id(self) -> str:
        """The chip's id; several scenes of a group may share it."""
        return str(self.values["chip_id"])

    @property
    def scene(self) -> str:
        """The scene's name."""
        return str(self.values["scene"])

    @property
    def split(self) -> str | None:
        """The split, None in a dataset without splits."""
        value = self.values["split"]
        return None if value is None else str(value)

    @property
    def window(self) -> Window:
        """The chip's pixels on its scene's grid."""
        v = self.values
        return Window(int(v["x_off"]), int(v["y_off"]), int(v["width"]), int(v["height"]))

    @property
    def files(self) -> dict[str, str]:
        """Path below the dataset by kind of file, in the index's order."""
        return {kind: path for kind, path in self.values["files"].items() if path}

    @property
    def sha256(self) -> dict[str, str]:
        """Checksum by kind of file."""
        return dict(self.values["sha256"])

    @property
    def pixels(self) -> dict[int, int]:
        """Pixels by class code, padding left out."""
        return {
            int(name.removeprefix(_PIXELS)): int(value)
            for name, value in self.values.items()
            if name.startswith(_PIXELS)
        }

    @property
    def layers(self) -> list[str]:
        """Names of the image layers, '' for the only one."""
        return _layers(self.values)

    def band_sums(self, layer: str) -> dict[str, Any]:
        """What the index says of a layer's bands: n_valid, sum, sumsq, min, max."""
        head = f"{layer}_band_" if layer else "band_"
        names = ("n_valid", "sum", "sumsq", "min", "max")
        return {name: self.values[head + name] for name in names}

    def __str__(self) -> str:
        """For messages."""
        return f"{self.scene}/{self.chip_id}"


def _layers(columns: Iterable[str]) -> list[str]:
    """The layers that an index has statistics of, '' for the only one."""
    names = [name for name in columns if name.endswith(_STATISTIC)]
    return [name.removesuffix(_STATISTIC).removesuffix("_") for name in names]


class Index:
    """chips.parquet, read in batches."""

    def __init__(self, folder: Path) -> None:
        """Read the file's header.

        Raises:
            InputError: it is missing, broken, or lacks a column.
        """
        self.path = folder / CHIPS
        try:
            self._file = pq.ParquetFile(self.path)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{CHIPS} can't be read ({error})") from error
        self.schema: pa.Schema = self._file.schema_arrow
        missing = [name for name in _NEEDED if name not in self.schema.names]
        if missing:
            raise InputError(f"{CHIPS} lacks the columns {some(missing)}")
        self.n_chips = int(self._file.metadata.num_rows)

    @property
    def layers(self) -> list[str]:
        """Names of the image layers, '' for the only one."""
        return _layers(self.schema.names)

    def rows(self) -> Iterator[ChipRow]:
        """All rows in order.

        Raises:
            InputError: the file is broken.
        """
        number = 0
        try:
            for batch in self._file.iter_batches(batch_size=_BATCH):
                for values in batch.to_pylist():
                    yield ChipRow(number, values)
                    number += 1
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{CHIPS} is broken behind row {number} ({error})") from error

    def columns(self, *names: str) -> pa.Table:
        """Some columns as a whole; only for such that are small for each chip.

        Raises:
            InputError: the file is broken.
        """
        try:
            return self._file.read(columns=list(names))
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{CHIPS} is broken ({error})") from error


class ObjectStream:
    """instances.parquet, given out chip by chip in the order of the index."""

    def __init__(self, folder: Path) -> None:
        """Open the table.

        Raises:
            InputError: it is missing or broken.
        """
        try:
            self._file = pq.ParquetFile(folder / INSTANCES)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{INSTANCES} can't be read ({error})") from error
        self._groups = groupby(self._rows(), key=lambda row: (row["scene"], row["chip_id"]))
        self._next = self._advance()

    def take(self, row: ChipRow) -> list[dict[str, Any]]:
        """The objects of the next chip of the index; none is a usual answer."""
        if self._next is None or self._next[0] != (row.scene, row.chip_id):
            return []
        objects = self._next[1]
        self._next = self._advance()
        return objects

    @property
    def left(self) -> str | None:
        """The first chip whose objects no chip of the index has asked for."""
        return None if self._next is None else "/".join(self._next[0])

    def _advance(self) -> tuple[tuple[str, str], list[dict[str, Any]]] | None:
        key, rows = next(self._groups, (None, ()))
        return None if key is None else (key, list(rows))

    def _rows(self) -> Iterator[dict[str, Any]]:
        try:
            for batch in self._file.iter_batches(batch_size=_BATCH):
                yield from batch.to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{INSTANCES} is broken ({error})") from error
