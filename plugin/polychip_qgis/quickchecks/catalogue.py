# SPDX-License-Identifier: GPL-2.0-or-later
"""The quick checks: ids, severity and wording are those of `polychip check` where it has the same.

Ids are written to files and never change; texts are for people.
"""

from __future__ import annotations

from typing import NamedTuple

from ..translation import tr

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)
"""The worst first."""

INVALID, SELF_TOUCH, EMPTY = "geometry.invalid", "geometry.self_touch", "geometry.empty"
DUPLICATE_VERTICES, SPIKE = "geometry.duplicate_vertices", "geometry.spike"
SLIVER, TINY = "geometry.sliver", "geometry.tiny"
OVERLAP, OVERLAP_CLASSES = "topology.overlap", "topology.overlap_classes"
DUPLICATE, NEAR_DUPLICATE = "topology.duplicate", "topology.near_duplicate"
CLASS_MISSING, CLASS_UNKNOWN = "attributes.class_missing", "attributes.class_unknown"
TWO_CLASSES, SHARED = "attributes.instance_two_classes", "attributes.instance_shared"
OFF_IMAGE, BEYOND_IMAGE, NODATA = "place.off_image", "place.beyond_image", "place.nodata"
EMPTY_CELL = "place.empty_cell"
CELL_NOT_DONE = "place.cell_not_done"
"""The one check that the engine has not: there a cell that is not done is no part of the extent."""

SEVERITY = {
    INVALID: ERROR, SELF_TOUCH: WARNING, EMPTY: ERROR, DUPLICATE_VERTICES: INFO, SPIKE: WARNING,
    SLIVER: WARNING, TINY: WARNING,
    OVERLAP: WARNING, OVERLAP_CLASSES: INFO, DUPLICATE: ERROR, NEAR_DUPLICATE: WARNING,
    CLASS_MISSING: ERROR, CLASS_UNKNOWN: ERROR, TWO_CLASSES: ERROR, SHARED: INFO,
    OFF_IMAGE: WARNING, BEYOND_IMAGE: INFO, NODATA: INFO, EMPTY_CELL: INFO, CELL_NOT_DONE: INFO,
}  # fmt: skip
"""Every check, in the order in which they are told, and how severe it usually is.

error: the export stops or goes wrong; warning: look at it; info: know it.
"""


class Check(NamedTuple):
    """What is looked for."""

    id: str
    """'layer.name'."""
    title: str
    explanation: str
    """What is wrong, in a line."""
    hint: str
    """What to do about it."""


def checks() -> dict[str, Check]:
    """Their texts by id, in the user's language."""
    return {known.id: known for known in (*_geometry(), *_topology(), *_attributes(), *_place())}


def severity_title(severity: str) -> str:
    """A severity for people."""
    return {ERROR: tr("Error"), WARNING: tr("Warning"), INFO: tr("Information")}[severity]


def _geometry() -> tuple[Check, ...]:
    return (
        Check(INVALID, tr("Invalid"),
              tr("the outline crosses itself or its rings are nested wrongly"),
              tr("redraw it, or let Fix make it valid")),
        Check(SELF_TOUCH, tr("Touches itself"),
              tr("a ring touches itself in a point, so it pinches the polygon"),
              tr("split the polygon there, or let Fix mend it")),
        Check(EMPTY, tr("Empty"),
              tr("the feature has no geometry, or one without area"),
              tr("delete it, or draw it; Fix deletes it")),
        Check(DUPLICATE_VERTICES, tr("Duplicate vertices"),
              tr("vertices lie on top of each other"),
              tr("harmless to masks; Fix removes them")),
        Check(SPIKE, tr("Spike"),
              tr("the outline runs out and back in a needle"),
              tr("remove the vertex; Fix does where no pixel is lost by it")),
        Check(SLIVER, tr("Sliver"),
              tr("long and narrower than half a pixel: usually left by an overlay"),
              tr("merge it into its neighbour, or delete it")),
        Check(TINY, tr("Tiny"),
              tr("too small to hold a pixel's centre, so it vanishes from the masks"),
              tr("leave it out, or burn its nearest pixel with masks.keep_tiny")),
    )  # fmt: skip


def _topology() -> tuple[Check, ...]:
    return (
        Check(OVERLAP, tr("Overlap"),
              tr("polygons of one class lie over each other"),
              tr("cut one at the other's edge, or give both one instance id if they are one "
                 "object")),
        Check(OVERLAP_CLASSES, tr("Overlap of classes"),
              tr("polygons of different classes lie over each other"),
              tr("cut one; else the order of the classes decides which wins")),
        Check(DUPLICATE, tr("Duplicate"),
              tr("the same polygon is there twice"),
              tr("delete one; Fix keeps the older where the classes agree")),
        Check(NEAR_DUPLICATE, tr("Near duplicate"),
              tr("two polygons are nearly the same"),
              tr("delete one")),
    )  # fmt: skip


def _attributes() -> tuple[Check, ...]:
    return (
        Check(CLASS_MISSING, tr("Class missing"),
              tr("the feature has no class"),
              tr("fill in the class field")),
        Check(CLASS_UNKNOWN, tr("Class unknown"),
              tr("the schema does not know the class"),
              tr("correct it, or add the class to the schema")),
        Check(TWO_CLASSES, tr("Id of two classes"),
              tr("one instance id stands for two classes"),
              tr("an object has one class: Fix gives each feature an id of its own")),
        Check(SHARED, tr("Shared id"),
              tr("several features share an instance id: one object"),
              tr("right for an object in parts; else Fix gives each its own id")),
    )  # fmt: skip


def _place() -> tuple[Check, ...]:
    return (
        Check(OFF_IMAGE, tr("Off the image"),
              tr("the feature lies on no image"),
              tr("check its coordinates and CRS, or give the image it belongs to")),
        Check(BEYOND_IMAGE, tr("Beyond the image"),
              tr("the feature goes on beyond the image"),
              tr("fine for rivers and roads: the export cuts it at the image's edge")),
        Check(NODATA, tr("No data"),
              tr("the feature covers pixels without data"),
              tr("fine at the edge of the data: those pixels become ignore")),
        Check(EMPTY_CELL, tr("Done and empty"),
              tr("a cell of the extent is done and holds no label"),
              tr("make sure that there is nothing: its pixels become verified background")),
        Check(CELL_NOT_DONE, tr("Drawn, not done"),
              tr("a cell holds labels and is not done, so its pixels are ignored in training"),
              tr("finish the cell and mark it as done")),
    )  # fmt: skip
