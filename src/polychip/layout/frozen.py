"""A split that is kept: chips that have one never move, whatever is added; pure."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.errors import RecipeError, nearest, some
from polychip.layout.split_options import DROPPED
from polychip.names import PLAIN_NAME, printable

FROZEN_FILE = "frozen.csv"
"""Name below splits/ of the table that a dataset keeps."""
_HEAD = ["chip_id", "split"]


@dataclass(frozen=True, slots=True)
class FrozenSplit:
    """The splits of chips of an earlier dataset."""

    of_chip: Mapping[str, str]
    """Split by chip id."""
    where: str
    """What it was read from, for messages."""

    def to_csv(self) -> str:
        """Two columns, sorted by chip id."""
        lines = [f"{chip_id},{split}" for chip_id, split in sorted(self.of_chip.items())]
        return "\n".join([",".join(_HEAD), *lines]) + "\n"

    def of_units(self, ids: Sequence[str], names: Sequence[str]) -> NDArray[np.int8]:
        """Index of each unit's split among the names; DROPPED for units that are new.

        Raises:
            RecipeError: a frozen split is none of the names.
        """
        unknown = sorted(set(self.of_chip.values()) - set(names))
        if unknown:
            raise RecipeError(
                f"split.frozen: {self.where} has chips in '{unknown[0]}'"
                f"{nearest(unknown[0], names)}, the recipe's splits are {some(names)}; keep the "
                "names of the dataset whose split is frozen"
            )
        place = {name: number for number, name in enumerate(names)}
        found = (place.get(self.of_chip.get(chip_id, ""), DROPPED) for chip_id in ids)
        return np.fromiter(found, dtype=np.int8, count=len(ids))


def read_frozen(text: str, where: str) -> FrozenSplit:
    """A table with the columns chip_id and split.

    Raises:
        RecipeError: it is none, or gives one chip two splits.
    """
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or [name.strip() for name in rows[0]] != _HEAD:
        raise RecipeError(
            f"split.frozen: {where} starts with '{','.join(rows[0]) if rows else ''}', not with "
            "the columns 'chip_id,split'; give such a table, or a dataset's folder"
        )
    bad = [number for number, row in enumerate(rows[1:], start=2) if len(row) != 2 and row]
    if bad:
        raise RecipeError(f"split.frozen: {where}, line {bad[0]} doesn't have two columns")
    return frozen_of(((row[0].strip(), row[1].strip()) for row in rows[1:] if row), where)


def frozen_of(pairs: Iterable[tuple[str, str]], where: str) -> FrozenSplit:
    """From (chip id, split), each chip once or always in the same split.

    Raises:
        RecipeError: a chip is in two splits, or no id of a chip.
    """
    of_chip: dict[str, str] = {}
    for chip_id, split in pairs:
        if not PLAIN_NAME.fullmatch(chip_id):  # it goes into a table, and into file names
            raise RecipeError(
                f"split.frozen: {where} has a chip '{printable(chip_id)}', and ids of chips are "
                "made of letters, digits, '-' and '_'"
            )
        if of_chip.setdefault(chip_id, split) != split:
            raise RecipeError(
                f"split.frozen: {where} has chip {chip_id} in '{of_chip[chip_id]}' and in "
                f"'{split}'; give each chip one split"
            )
    return FrozenSplit(of_chip, where)
