# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of proposals: the table `proposals` of the GeoPackage, which any program opens.

An accepted one names its label: when that is undone, or given up, it is proposed again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..drawing.tables import read_rows, write_rows

TABLE = "proposals"
ACCEPTED, REJECTED = "accepted", "rejected"


class Decision(NamedTuple):
    """On one feature of the layer that proposals come from."""

    layer: str
    feature: str
    decision: str
    label: str
    """uuid of the label that was made; '' where none was."""


def read_decisions(geopackage: Path, layer: str) -> list[Decision]:
    """Of one layer. Raises TableError."""
    rows = (Decision(*row) for row in read_rows(geopackage, TABLE, Decision._fields))
    return [row for row in rows if row.layer == layer]


def keep_decisions(geopackage: Path, decisions: Iterable[Decision], annotator: str) -> None:
    """Add them. Raises TableError."""
    write_rows(geopackage, TABLE, Decision._fields, decisions, annotator)


def forget_rejected(geopackage: Path, layer: str) -> None:
    """Propose again what was rejected. Raises TableError."""
    gone = [row for row in read_decisions(geopackage, layer) if row.decision == REJECTED]
    write_rows(geopackage, TABLE, Decision._fields, (), "", gone)
