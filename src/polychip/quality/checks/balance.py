"""How the classes are shared out: counts, sizes, crowding."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.quality.checks.problem import Check, Problem
from polychip.quality.checks.subject import UNKNOWN, Subject

FEW_OBJECTS = 5
SMALL_SHARE = 0.01

RARE = Check(
    "balance.rare_class", "warning", "too few examples of a class to learn and to test it",
    "label more of it, merge it into another class, or leave it out",
)  # fmt: skip
CHECKS = (RARE,)


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """What there is of one class; areas in square units of the plane."""

    name: str
    features: int
    objects: int
    """Features that share an instance id are one."""
    area: float
    share: float
    """Of the area of all classes, overlaps counted in each."""
    smallest: float
    median: float
    largest: float
    per_chip_mean: float
    """Objects in a chip that holds any; an object counts where its middle is."""
    per_chip_most: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def count_classes(subject: Subject) -> list[ClassFigures]:
    """The figures of each class, by name."""
    known = subject.known
    area = np.zeros(len(subject))
    area[known] = shapely.area(subject.shapes[known])
    total = float(area.sum()) or 1.0
    names = np.array([value or "" for value in subject.classes], dtype=object)
    found = []
    for name in sorted(set(names[known].tolist()) - {""}):
        mine = known[names[known] == name]
        objects = object_numbers(subject, mine)
        sizes = np.bincount(objects, weights=area[mine])
        counts = _per_chip(subject, mine, objects)
        found.append(
            ClassFigures(
                name=name,
                features=len(mine),
                objects=len(sizes),
                area=float(sizes.sum()),
                share=float(sizes.sum()) / total,
                smallest=float(sizes.min()),
                median=float(np.median(sizes)),
                largest=float(sizes.max()),
                per_chip_mean=float(counts.mean()),
                per_chip_most=int(counts.max()),
            )
        )
    return found


def object_numbers(subject: Subject, features: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each feature the number of its object, from 0."""
    if subject.instances is None:
        return np.arange(len(features))
    numbers: dict[tuple[str | None, int], int] = {}
    out = np.empty(len(features), dtype=np.int64)
    for place, index in enumerate(features.tolist()):
        value = subject.instances[index]
        key = (value, -1 if value is not None else index)
        out[place] = numbers.setdefault(key, len(numbers))
    return out


def _per_chip(
    subject: Subject, features: NDArray[np.int64], objects: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Objects in each chip that holds any."""
    _, first = np.unique(objects, return_index=True)
    xy = shapely.get_coordinates(shapely.centroid(subject.shapes[features[first]]))
    cells = np.floor(xy / subject.request.chip_px).astype(np.int64)
    _, counts = np.unique(cells, axis=0, return_counts=True)
    return counts


def find(subject: Subject, figures: list[ClassFigures]) -> Iterator[Problem]:
    """Classes that are too rare."""
    ignored = _ignored(subject)
    for entry in figures:
        if entry.name in ignored or len(figures) < 2:
            continue
        if entry.objects < FEW_OBJECTS and entry.share < SMALL_SHARE:
            noun = "object" if entry.objects == 1 else "objects"
            text = f"class '{entry.name}': {entry.objects} {noun}, {entry.share:.2%} of the area"
            yield Problem(RARE, None, text)


def _ignored(subject: Subject) -> set[str]:
    """Class values that are background, ignored or unknown."""
    if subject.schema is None:
        return set()
    special = (subject.schema.background, subject.schema.ignore, UNKNOWN)
    return {
        value
        for value, code in zip(subject.classes, subject.codes.tolist(), strict=True)
        if value is not None and code in special
    }
