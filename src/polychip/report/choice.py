"""Which chips of a dataset are worth a look: the most, the fewest, the oddest; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST, FEWEST, ODDEST = "the most", "the fewest", "the oddest"
_ENOUGH = 3
"""Chips from which on one of them may be called odd."""


@dataclass(frozen=True, slots=True)
class Features:
    """What chips are compared by; an entry, or a row, a chip."""

    names: tuple[str, ...]
    """Of the columns of `values`."""
    values: Floats
    """(chips, features); NaN where a chip has none."""
    pixels: Mapping[int, NDArray[np.int64]]
    """Pixels by class code, without background and ignore."""
    looked_at: Floats
    """Share of each chip that is not ignore."""
    split: NDArray[np.int32]
    """The place of each chip's split among `splits`."""
    splits: Sequence[str | None]
    """Names, as they first appear; None for chips that are not divided."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A chip and why it is shown."""

    role: str
    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """Chips of one split, or of one class."""

    name: str
    code: int | None
    """Of the class; None for a split."""
    chosen: tuple[Chosen, ...]
    left_out: int = 0
    """Chips that are not shown, so that the page stays small."""


def choose_groups(features: Features, schema: Mapping[str, Any], limit: int) -> list[Group]:
    """A group a split, then a group a class, of at most `limit` different chips together.

    Where there is room for some only, each group's most comes first, then the fewest, then the
    oddest.
    """
    wanted = [*_by_split(features), *_by_class(features, schema)]
    shown: set[int] = set()
    kept: dict[int, list[Chosen]] = {number: [] for number in range(len(wanted))}
    for turn in range(3):
        for number, (_, _, chosen) in enumerate(wanted):
            for entry in chosen[turn : turn + 1]:
                if entry.index in shown or len(shown) < limit:
                    shown.add(entry.index)
                    kept[number].append(entry)
    return [
        Group(name, code, tuple(kept[number]), len(chosen) - len(kept[number]))
        for number, (name, code, chosen) in enumerate(wanted)
    ]


def _by_split(features: Features) -> Iterator[tuple[str, None, list[Chosen]]]:
    total = np.zeros(len(features.looked_at), dtype=np.int64)
    for pixels in features.pixels.values():
        total = total + pixels
    for number, name in enumerate(features.splits):
        inside = features.split == number
        seen = inside & (features.looked_at > 0)
        among = np.flatnonzero(seen if seen.any() else inside)
        yield name or "all chips", None, _three(features, among, total, "class pixels")


def _by_class(
    features: Features, schema: Mapping[str, Any]
) -> Iterator[tuple[str, int, list[Chosen]]]:
    for entry in schema["classes"]:
        if entry["code"] in features.pixels:
            pixels = features.pixels[entry["code"]]
            chosen = _three(features, np.flatnonzero(pixels > 0), pixels, "pixels")
            yield entry["name"], entry["code"], chosen


def _three(
    features: Features, among: NDArray[np.int64], score: NDArray[np.int64], unit: str
) -> list[Chosen]:
    if not len(among):
        return []
    most, fewest = among[np.argmax(score[among])], among[np.argmin(score[among])]
    found = [Chosen(MOST, int(most), f"{score[most]:,} {unit}")]
    if fewest != most:
        found.append(Chosen(FEWEST, int(fewest), f"{score[fewest]:,} {unit}"))
    if len(among) >= _ENOUGH:
        odd, why = _oddest(features, among)
        if why:
            found.append(Chosen(ODDEST, odd, why))
    return found


def _oddest(features: Features, among: NDArray[np.int64]) -> tuple[int, str]:
    """The chip farthest from the mean of these chips, in standard deviations, and by what."""
    far = np.zeros(len(among))
    for column in features.values.T:
        far += _apart(column[among]) ** 2
    place = int(np.argmax(far))
    mine = [_apart(column[among])[place] for column in features.values.T]
    feature = int(np.argmax(np.abs(mine))) if mine else 0
    times = float(mine[feature]) if mine else 0.0
    if not times:
        return int(among[place]), ""
    side = "above" if times > 0 else "below"
    return int(among[place]), f"{features.names[feature]} {abs(times):.1f} sd {side} the mean"


def _apart(values: Floats) -> Floats:
    """How far each is from the mean, in standard deviations; 0 for NaN, or where all are alike."""
    known = np.isfinite(values)
    count = max(int(known.sum()), 1)
    apart = np.where(known, values - np.where(known, values, 0.0).sum() / count, 0.0)
    spread = float(np.sqrt((apart**2).sum() / count))
    return apart / (spread if spread > 1e-12 else np.inf)
