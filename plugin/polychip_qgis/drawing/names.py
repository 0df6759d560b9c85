# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that the GeoPackage, the styles, the recipe and the tools share; no QGIS."""

from __future__ import annotations

LABELS, EXTENT, TASKS = "labels", "extent", "tasks"
"""Layers of the GeoPackage."""
ROLE = "polychip/role"
"""Custom property of a layer: which of the three it is."""

CLASS, INSTANCE, UUID = "class", "instance_id", "uuid"
CONFIDENCE, STATUS, ANNOTATOR = "confidence", "status", "annotator"
CREATED, CHANGED, SOURCE, TOOL = "created", "changed", "source_image", "tool"
CELL, IMAGE, ROW, COL, NOTE = "cell", "image", "row", "col", "note"

TODO, DOING, DONE, REVIEW, SKIP = "todo", "doing", "done", "review", "skip"
TASK_STATUSES = (TODO, DOING, DONE, REVIEW, SKIP)

OK, UNSURE, CARRIED = "ok", "unsure", "carried"
LABEL_STATUSES = (OK, UNSURE, CARRIED)
"""'carried': taken over from another layer or date and not looked at yet."""
CONFIDENCES = ("high", "medium", "low")

IGNORE_CODE = 255
