# SPDX-License-Identifier: GPL-2.0-or-later
"""Class lists to begin with. The order is the priority: the first wins where polygons overlap."""

from __future__ import annotations

from typing import NamedTuple

from ..translation import tr
from .classes import IGNORE_COLOR, LabelClass
from .names import IGNORE_CODE


class Template(NamedTuple):
    """A class list with the mode that serves it."""

    key: str
    mode: str
    """'semantic', 'instance' or 'panoptic'."""
    classes: tuple[LabelClass, ...]


_CLOUD = LabelClass("cloud", IGNORE_CODE, IGNORE_COLOR)
_UNCLEAR = LabelClass("unclear", IGNORE_CODE, IGNORE_COLOR)

TEMPLATES = (
    Template("flood", "panoptic", (
        _CLOUD,
        LabelClass("infrastructure", 3, "#e31a1c", thing=True),
        LabelClass("access_route", 5, "#ffeb3b"),
        LabelClass("debris", 4, "#b15928"),
        LabelClass("permanent_water", 2, "#08306b"),
        LabelClass("water", 1, "#1f9bff"),
    )),
    Template("buildings", "instance", (
        _UNCLEAR,
        LabelClass("building", 1, "#e31a1c", thing=True),
    )),
    Template("land_cover", "semantic", (
        _CLOUD,
        LabelClass("water", 1, "#1f78b4"),
        LabelClass("built_up", 2, "#e31a1c"),
        LabelClass("trees", 3, "#006d2c"),
        LabelClass("shrub", 4, "#74c476"),
        LabelClass("grass", 5, "#c7e9c0"),
        LabelClass("cropland", 6, "#fdbf6f"),
        LabelClass("bare_ground", 7, "#bcaaa4"),
        LabelClass("snow_and_ice", 8, "#e0f7fa"),
    )),
    Template("agriculture", "panoptic", (
        _CLOUD,
        LabelClass("greenhouse", 3, "#cab2d6", thing=True),
        LabelClass("field", 1, "#fdbf6f", thing=True),
        LabelClass("orchard", 2, "#33a02c", thing=True),
        LabelClass("pasture", 4, "#b2df8a"),
        LabelClass("fallow", 5, "#b15928"),
        LabelClass("track", 6, "#ffff99"),
    )),
    Template("construction", "panoptic", (
        _UNCLEAR,
        LabelClass("crane", 3, "#ffeb3b", thing=True),
        LabelClass("vehicle", 4, "#6a3d9a", thing=True),
        LabelClass("building", 1, "#e31a1c", thing=True),
        LabelClass("building_under_construction", 2, "#ff7f00", thing=True),
        LabelClass("material", 5, "#a6cee3"),
        LabelClass("site_road", 6, "#bdbdbd"),
        LabelClass("excavation", 7, "#b15928"),
    )),
)  # fmt: skip


def template(key: str) -> Template:
    """The template of this key."""
    return next(known for known in TEMPLATES if known.key == key)


def template_title(key: str) -> str:
    """Its name for people."""
    return {
        "flood": tr("Flood and disaster"),
        "buildings": tr("Buildings"),
        "land_cover": tr("Land cover"),
        "agriculture": tr("Agriculture"),
        "construction": tr("Construction site"),
    }[key]
