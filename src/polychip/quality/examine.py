"""Chips looked at one by one, by this process or by several: checksums, alignment, values."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from polychip.execute import Executor, in_order
from polychip.manifest import read_manifest
from polychip.quality.pixels import Facts, PixelCheck
from polychip.quality.rows import ChipRow
from polychip.quality.verdict import Findings
from polychip.quality.wholeness import ChecksumCheck

BATCH = 64
"""Chips that a worker is given at a time."""


@dataclass(frozen=True, slots=True)
class Task:
    """A chip to look at."""

    row: ChipRow
    objects: list[dict[str, Any]]
    there: bool
    """Whether all its files are there; else only checksums are taken."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a batch of chips gave."""

    checksums: Findings
    alignment: Findings
    values: Findings
    sound: list[bool]
    """Of each chip, whether it can be compared with its sources."""
    instance_dtypes: set[str]


def examine(
    executor: Executor,
    folder: Path,
    tasks: Iterable[Task],
    loose: Collection[str],
) -> Iterator[tuple[list[Task], Seen]]:
    """Look at chips in their order, a batch at a time.

    Args:
        executor: who looks.
        folder: the dataset.
        tasks: the chips.
        loose: scenes in which pixels of a countable class may belong to no object.
    """
    given: deque[list[Task]] = deque()
    key = uuid4().hex

    def calls() -> Iterator[tuple[Path, str, frozenset[str], list[Task]]]:
        source = iter(tasks)
        while batch := list(islice(source, BATCH)):
            given.append(batch)
            yield folder, key, frozenset(loose), batch

    for seen in in_order(executor, look_at, calls()):
        yield given.popleft(), seen


def look_at(folder: Path, key: str, loose: frozenset[str], batch: list[Task]) -> Seen:
    """Look at a batch of chips; on a worker."""
    checksums, pixels = ChecksumCheck(folder), PixelCheck(folder, _facts(folder, key), loose)
    sound = []
    for task in batch:
        whole = checksums.add(task.row)
        fits = task.there and whole and pixels.add(task.row, task.objects) is not None
        sound.append(fits)
    return Seen(checksums.found, pixels.alignment, pixels.values, sound, pixels.instance_dtypes)


@lru_cache(maxsize=1)
def _facts(folder: Path, _key: str) -> Facts:
    """What the manifest says, read once for each verification."""
    return Facts.of(read_manifest(folder))
