# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes as values, and where they come from: a recipe, a table, a field's values; no QGIS."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..translation import tr
from .names import IGNORE_CODE

COLORS = (
    "#1f78b4", "#e31a1c", "#33a02c", "#ff7f00", "#6a3d9a", "#b15928", "#a6cee3", "#fb9a99",
    "#b2df8a", "#fdbf6f", "#cab2d6", "#ffff99", "#00bcd4", "#d81b60", "#7cb342", "#5d4037",
)  # fmt: skip
IGNORE_COLOR = "#9e9e9e"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_PAIR = re.compile(r'\s*([A-Za-z_]+)\s*=\s*("(?:[^"\\]|\\.)*"|\'[^\']*\'|[^#]*)')


class ClassListError(Exception):
    """The classes cannot be taken from there; the text says why and what to do."""


class LabelClass(NamedTuple):
    """One class of the labels."""

    name: str
    """As the class field holds it."""
    code: int
    """Pixel value in the masks, 1 to 255; 255 is ignored in training."""
    color: str
    """'#rrggbb'."""
    thing: bool = False
    """Whether its objects are counted one by one."""

    @property
    def title(self) -> str:
        """The name for people."""
        return self.name.replace("_", " ")

    @property
    def ignored(self) -> bool:
        """Whether its pixels are left out of training."""
        return self.code == IGNORE_CODE


def in_palette_order(classes: Iterable[LabelClass]) -> list[LabelClass]:
    """By code, so that key 1 is code 1 where codes are counted from 1; ignored classes last."""
    return sorted(classes, key=lambda known: known.code)


def from_recipe(path: Path) -> list[LabelClass]:
    """The classes of a recipe's [schema], in its order.

    Raises:
        ClassListError: the file cannot be read or lists no classes.
    """
    text = _text_of(path)
    try:
        import tomllib  # Python 3.11; older versions of QGIS bring 3.9
    except ImportError:
        rows = class_tables(text)
    else:
        try:
            rows = tomllib.loads(text).get("schema", {}).get("classes", [])
        except tomllib.TOMLDecodeError as error:
            raise ClassListError(
                tr("{path} is no recipe: {reason}").format(path=path, reason=error)
            ) from error
    return _checked(path, rows)


def class_tables(text: str) -> list[dict[str, Any]]:
    """The [[schema.classes]] tables of a recipe, their texts, numbers and truth values alone."""
    tables: list[dict[str, Any]] = []
    inside = False
    for line in text.splitlines():
        if line.strip().startswith("["):
            inside = re.match(r"\s*\[\[\s*schema\s*\.\s*classes\s*\]\]", line) is not None
            if inside:
                tables.append({})
            continue
        pair = _PAIR.match(line)
        if inside and pair is not None:
            value = _plain_value(pair.group(2).strip())
            if value is not None:
                tables[-1][pair.group(1)] = value
    return tables


def _plain_value(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1]
    try:
        value = json.loads(text)  # TOML's basic strings, whole numbers and truth values
    except ValueError:
        return None
    return value if isinstance(value, (str, int)) else None


def from_csv(path: Path) -> list[LabelClass]:
    """The classes of a table with the columns name (or class), and if wanted code, color, thing.

    Raises:
        ClassListError: the file cannot be read, or has no column of names.
    """
    text = _text_of(path)
    try:
        dialect = csv.Sniffer().sniff(text[:4096], ",;\t")
    except csv.Error:
        dialect = csv.excel
    rows = []
    for row in csv.DictReader(text.splitlines(), dialect=dialect):
        known = {str(key).strip().casefold(): value for key, value in row.items()}
        name = known.get("name", known.get("class"))
        if name is None:
            raise ClassListError(
                tr("{path} has no column “name”; its first line must name the columns.").format(
                    path=path
                )
            )
        if name.strip():
            rows.append({**known, "name": name.strip()})
    return _checked(path, rows)


def from_values(values: Iterable[Any]) -> list[LabelClass]:
    """A class for each value of a field, in order of the values."""
    names = sorted({str(value) for value in values if value not in (None, "")})
    return numbered([{"name": name} for name in names])


def values_of(layer: Any, field: str) -> list[LabelClass]:
    """A class for each of the first 500 values of a vector layer's field."""
    values = layer.uniqueValues(layer.fields().lookupField(field), 500)
    return from_values(v for v in values if not (hasattr(v, "isNull") and v.isNull()))


def numbered(rows: Sequence[dict[str, Any]]) -> list[LabelClass]:
    """Classes of rows that may lack code and colour; missing codes are the lowest free ones.

    Raises:
        ClassListError: two classes share a name or a code, or a code is none.
    """
    given = [_code(row) for row in rows]
    free = iter(code for code in range(1, IGNORE_CODE) if code not in given)
    classes = []
    for row, code in zip(rows, given):
        if code is None:
            code = next(free, 0)
        color = str(row.get("color") or "").strip()
        if not _HEX.fullmatch(color):
            color = IGNORE_COLOR if code == IGNORE_CODE else COLORS[(code - 1) % len(COLORS)]
        classes.append(LabelClass(str(row["name"]), code, color.lower(), _truth(row.get("thing"))))
    for known in classes:
        twice = sum(other.name == known.name for other in classes) > 1
        shared = known.code != IGNORE_CODE and sum(o.code == known.code for o in classes) > 1
        if twice or shared or not 1 <= known.code <= IGNORE_CODE:
            raise ClassListError(
                tr(
                    "Class “{name}” has code {code}: names and codes must differ, and codes run "
                    "from 1 to 255."
                ).format(name=known.name, code=known.code)
            )
    return classes


def _code(row: dict[str, Any]) -> int | None:
    text = str(row.get("code") if row.get("code") is not None else "").strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ClassListError(
            tr("Class “{name}”: “{code}” is no whole number.").format(name=row["name"], code=text)
        ) from error


def _truth(value: Any) -> bool:
    return str(value).strip().casefold() in ("true", "1", "yes", "x", "ja")


def _checked(path: Path, rows: Sequence[dict[str, Any]]) -> list[LabelClass]:
    named = [row for row in rows if str(row.get("name") or "")]
    if not named:
        raise ClassListError(tr("{path} lists no classes.").format(path=path))
    return numbered(named)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClassListError(
            tr("{path} cannot be read: {reason}").format(path=path, reason=error)
        ) from error
