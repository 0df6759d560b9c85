# SPDX-License-Identifier: GPL-2.0-or-later
"""One thing that a quick check has found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from qgis.core import QgsGeometry

from ..translation import tr
from .catalogue import SEVERITIES, SEVERITY, checks


class Mark(NamedTuple):
    """By which a problem is known again in another session, in any language."""

    check: str
    key: str
    """uuid of the feature, or name of the cell."""
    other: str
    """uuid of the second feature of a pair, or ''."""
    measure: str
    """What was measured; when the polygon changes, so does this, and it is another problem."""


class Problem(NamedTuple):
    """One thing that was found."""

    mark: Mark
    severity: str
    message: str
    where: QgsGeometry
    """In the CRS of the labels; null: it has no place."""
    fid: int | None
    """The feature; None for what concerns a cell."""
    other: int | None = None
    """The second feature of a pair."""
    fixable: bool = False
    """Whether it can be mended without asking."""
    title: str = ""
    """The feature's object id, or the cell, for people."""

    @property
    def check(self) -> str:
        """Id of the check."""
        return self.mark.check


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The worst first, then check by check, then by place of birth."""
    order = {name: n for n, name in enumerate(SEVERITY)}
    worst = {severity: n for n, severity in enumerate(SEVERITIES)}
    return sorted(
        problems, key=lambda p: (worst[p.severity], order[p.check], abs(p.fid or 0), p.mark.key)
    )


def summary(problems: Iterable[Problem]) -> str:
    """Counts by check in a line, the worst first; '' when there are none."""
    counts = Counter(problem.check for problem in in_order(problems))
    known = checks()
    return ", ".join(f"{known[name].title}: {count}" for name, count in counts.items())


def whole_summary(problems: list[Problem]) -> str:
    """What a person reads before an export."""
    if not problems:
        return tr("The quick checks found nothing.")
    return tr("Quick checks: {counts}.").format(counts=summary(problems))
