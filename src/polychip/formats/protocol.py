"""What an output format is: a value that writes a chip's files, and the tables over all chips."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from polychip.formats.chip import SourceChip

_NOTHING: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a worker says of a chip it has written; small, since it travels to the main process."""

    split: str
    value: Any = None
    """Whatever the format's `tables` needs."""
    left_out: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    """What the format could not hold, counted by kind; never dropped without being counted."""


Collect = Callable[[Entry], None]


@dataclass(frozen=True, slots=True)
class Card:
    """What the README of a written format says."""

    title: str
    layout: str
    """The files, as a block of plain text."""
    snippet: str
    """Python that loads it, run in the folder itself; the docs' tests run it."""
    limits: tuple[str, ...] = ()
    """What the format does not hold, a sentence each."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """For conversion.json: ids of classes, the stretch, whatever a reader must know."""


class Format(Protocol):
    """An output format, made for one dataset; pickled to the workers, so a frozen value.

    Its module has `prepare(preparation) -> Format`, which reads the options and refuses what can
    be told from the manifest alone. See ARCHITECTURE.md for how one is added.
    """

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """On a worker: write the chip's own files below `out`.

        Raises:
            FormatError: the format can't hold the chip (`chip.refused`).
        """

    def tables(self, out: Path) -> AbstractContextManager[Collect]:
        """In the main process: take each chip's entry, in the index's order; write on exit.

        `out` is thrown away as a whole when anything fails. Memory must not grow with the chips.
        """

    def card(self) -> Card:
        """What its README says."""
