"""The whole of `polychip check`: look, run every layer, gather what was found."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from polychip.quality.checks import (
    attributes,
    balance,
    geometry,
    place,
    registration,
    topology,
)
from polychip.quality.checks.balance import ClassFigures, count_classes
from polychip.quality.checks.problem import SEVERITIES, Problem
from polychip.quality.checks.registration import Registration, measure
from polychip.quality.checks.registry import CHECKS, left_out
from polychip.quality.checks.subject import Request, Subject, look_at

_ORDER = {check.id: number for number, check in enumerate(CHECKS)}


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found in one layer of labels."""

    source: str
    n_features: int
    unit: str
    """Of lengths in messages and figures: 'px', or 'm' where no pixel is known."""
    problems: tuple[Problem, ...]
    """By check, then as the features are in the file."""
    classes: tuple[ClassFigures, ...]
    registrations: tuple[Registration, ...]
    shift_px: tuple[float, float] | None
    """By which a recipe moves the labels; everything was checked where they then lie."""
    left_out: tuple[tuple[str, str], ...]
    """(check, why) of what could not be checked."""

    @property
    def ok(self) -> bool:
        """Whether no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)

    def count(self, severity: str) -> int:
        """Problems of a severity."""
        return sum(problem.severity == severity for problem in self.problems)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `polychip check --json` prints them."""
        return {
            "ok": self.ok,
            "source": self.source,
            "features": self.n_features,
            "unit": self.unit,
            "counts": {severity: self.count(severity) for severity in SEVERITIES},
            "problems": [problem.to_dict() for problem in self.problems],
            "classes": {entry.name: entry.to_dict() for entry in self.classes},
            "registration": [entry.to_dict() for entry in self.registrations],
            "shift_px": list(self.shift_px) if self.shift_px else None,
            "not_checked": [{"check": check, "why": why} for check, why in self.left_out],
        }

    def __str__(self) -> str:
        """The report for people."""
        from polychip.quality.checks.wording import check_lines

        return "\n".join(check_lines(self))


def check_labels(request: Request) -> tuple[CheckReport, Subject]:
    """Check a layer of labels; returns what was found and what was looked at.

    Raises:
        InputError: the labels, an image or the extent can't be read or placed.
    """
    subject = look_at(request)
    with ThreadPoolExecutor(1) as pool:  # GEOS lets go of Python's lock: two cores are used
        between = pool.submit(lambda: list(topology.find(subject)))
        registrations = [measure(image) for image in subject.images]
        figures = count_classes(subject)
        found = list(_find(subject, registrations, figures))
        problems = sorted(found + between.result(), key=lambda p: _ORDER[p.check.id])
    source = request.labels
    report = CheckReport(
        source=f"{source.path}|{subject.info.layer}",
        n_features=len(subject),
        unit=subject.plane.unit,
        problems=tuple(problems),
        classes=tuple(figures),
        registrations=tuple(registrations),
        shift_px=source.shift_px,
        left_out=tuple(left_out(request)),
    )
    return report, subject


def _find(
    subject: Subject, registrations: list[Registration], figures: list[ClassFigures]
) -> Iterator[Problem]:
    yield from geometry.find(subject)
    yield from attributes.find(subject)
    yield from place.find(subject)
    yield from registration.find(subject, registrations)
    yield from balance.find(subject, figures)
