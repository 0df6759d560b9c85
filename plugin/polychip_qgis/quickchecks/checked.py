# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody has looked at and left as it is: the table `checked` of the GeoPackage."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..drawing.tables import read_rows, write_rows
from .problem import Mark

TABLE = "checked"
_FIELDS = ("check", "label", "other", "measure")


def read_checked(geopackage: Path) -> set[Mark]:
    """The problems that were checked; a file without the table has none. Raises TableError."""
    return {Mark(*row) for row in read_rows(geopackage, TABLE, _FIELDS)}


def write_checked(geopackage: Path, marks: Iterable[Mark], checked: bool, annotator: str) -> None:
    """Add problems to the table, or take them out. Raises TableError."""
    added, removed = (marks, ()) if checked else ((), list(marks))
    write_rows(geopackage, TABLE, _FIELDS, added, annotator, removed)
