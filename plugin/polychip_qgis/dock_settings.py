# SPDX-License-Identifier: GPL-2.0-or-later
"""What the dock asks for, as a value, and how a QGIS project remembers it."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from qgis.core import QgsProject

from .chips import EDGES, ChipLayout

MODES = ("semantic", "instance", "panoptic")
MAX_PX = 16_384
"""Largest chip side on offer."""
SCOPE, KEY = "polychip", "/dock"


class ClassRow(NamedTuple):
    """One class of the schema."""

    name: str
    """The value of the class field, too."""
    code: int
    color: str
    """#rrggbb"""
    thing: bool = True
    """Countable, or stuff."""


FRACTIONS = (("train", 80), ("val", 10), ("test", 10))
MAX_CODE = 65_535


class DockSettings(NamedTuple):
    """The choices in the dock; layers by their ids in the project, '' for none."""

    imagery: str = ""
    labels: str = ""
    class_field: str = ""
    instance_field: str = ""
    extent: str = ""
    mode: str = "semantic"
    size: int = 512
    stride: int = 0
    """0: same as size."""
    edge: str = "pad"
    output: str = ""
    """A folder."""
    more_imagery: tuple[str, ...] = ()
    """Further images, each a scene of its own with the same labels."""
    split: str = "none"
    """How chips are divided, as a recipe's `split.by` has it."""
    fractions: tuple[tuple[str, int], ...] = FRACTIONS
    """Splits and their shares in percent."""
    classes: tuple[ClassRow, ...] = ()
    """The declared classes in order of priority; empty: made of the labels' values."""
    formats: tuple[str, ...] = ()
    """Further formats, by the engine's names."""

    @property
    def layout(self) -> ChipLayout:
        """Size, stride and edge rule."""
        return ChipLayout(self.size, self.stride or self.size, self.edge)

    def used_instance_field(self) -> str:
        """The instance field where the mode asks for one, else ''."""
        return "" if self.mode == "semantic" else self.instance_field

    def planned(self) -> DockSettings:
        """What decides a plan: all but where it is written, and in which formats."""
        return self._replace(output="", formats=())


def remember(project: QgsProject, settings: DockSettings) -> None:
    """Write the settings into the project; the output folder as the project writes its paths."""
    stored = settings._replace(output=project.writePath(settings.output) if settings.output else "")
    project.writeEntry(SCOPE, KEY, json.dumps(stored._asdict(), ensure_ascii=False))


def recall(project: QgsProject) -> DockSettings | None:
    """What the project remembers, defaults for what cannot be read; None for nothing at all."""
    text, found = project.readEntry(SCOPE, KEY)
    if not found:
        return None
    try:
        stored = json.loads(text)
    except ValueError:
        return None
    if not isinstance(stored, dict):
        return None
    settings = DockSettings(**_known(stored))
    return settings._replace(output=project.readPath(settings.output) if settings.output else "")


def _known(stored: dict[str, Any]) -> dict[str, Any]:
    """What of the stored values may be used; projects travel, and other versions write them."""
    known = {}
    for name in DockSettings._fields:
        value = stored.get(name)
        if name in ("more_imagery", "formats"):
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                known[name] = tuple(value)
        elif name == "fractions":
            if _are_fractions(value):
                known[name] = tuple((part[0], part[1]) for part in value)
        elif name == "classes":
            if isinstance(value, list) and all(_is_class(item) for item in value):
                known[name] = tuple(ClassRow(*item) for item in value)
        elif _fits(name, value):
            known[name] = value
    return known


def _are_fractions(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(part, list)
            and len(part) == 2
            and isinstance(part[0], str)
            and _is_whole(part[1], 0, 100)
            for part in value
        )
    )


def _is_class(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 4
        and isinstance(value[0], str)
        and _is_whole(value[1], 0, MAX_CODE)
        and isinstance(value[2], str)
        and re.fullmatch(r"#[0-9a-fA-F]{6}", value[2]) is not None
        and isinstance(value[3], bool)
    )


def _is_whole(value: Any, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _fits(name: str, value: Any) -> bool:
    """Whether a stored value may be used."""
    if name == "mode":
        return value in MODES
    if name == "edge":
        return value in EDGES
    if name in ("size", "stride"):
        return _is_whole(value, 1 if name == "size" else 0, MAX_PX)
    return isinstance(value, str)
