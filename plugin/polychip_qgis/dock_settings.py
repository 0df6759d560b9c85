# SPDX-License-Identifier: GPL-2.0-or-later
"""What the dock asks for, as a value, and how a QGIS project remembers it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from qgis.core import QgsProject

from .chips import EDGES, ChipLayout

MODES = ("semantic", "instance", "panoptic")
MAX_PX = 16_384
"""Largest chip side on offer."""
SCOPE, KEY = "polychip", "/dock"


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

    @property
    def layout(self) -> ChipLayout:
        """Size, stride and edge rule."""
        return ChipLayout(self.size, self.stride or self.size, self.edge)


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
    settings = DockSettings(
        **{name: stored[name] for name in DockSettings._fields if _fits(name, stored.get(name))}
    )
    return settings._replace(output=project.readPath(settings.output) if settings.output else "")


def _fits(name: str, value: Any) -> bool:
    """Whether a stored value may be used; projects travel, and other versions write them."""
    if name == "mode":
        return value in MODES
    if name == "edge":
        return value in EDGES
    if name in ("size", "stride"):
        lowest = 1 if name == "size" else 0
        return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= MAX_PX
    return isinstance(value, str)
