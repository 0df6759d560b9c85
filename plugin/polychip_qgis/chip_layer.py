# SPDX-License-Identifier: GPL-2.0-or-later
"""The chips of a plan on the map, coloured by split and by why they are left out."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFields,
    QgsFillSymbol,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRendererCategory,
    QgsVectorLayer,
)

from .chips import corners
from .fields import integer_field, text_field
from .plan_grid import PlanGrid, PlannedChip
from .planner import OpenPlan
from .translation import tr

PROPERTY = "polychip/plannedChips"
"""Custom property of the layer, so that the next plan replaces it."""
KEPT = "chip"
"""What a chip is when chips are not divided."""
_COLORS = ("31,120,180", "255,127,0", "227,26,28", "106,61,154", "51,160,44", "177,89,40")
_SKIPPED = "120,120,120"


def planned_fields() -> QgsFields:
    """The fields of a planned chip's polygon."""
    fields = QgsFields()
    for name in ("chip_id", "scene", "split", "skipped", "state"):
        fields.append(text_field(name))
    for name in ("row", "col", "x_off", "y_off", "width", "height"):
        fields.append(integer_field(name))
    return fields


def state_of(planned: PlannedChip) -> str:
    """What colours a chip: why it is left out, else its split."""
    return planned.skipped or planned.split or KEPT


def planned_features(grid: PlanGrid) -> Iterator[QgsFeature]:
    """A scene's chips in its image's CRS."""
    for planned in grid:
        chip = planned.chip
        ring = [QgsPointXY(x, y) for x, y in corners(grid.grid, chip, grid.width)]
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromPolygonXY([[*ring, ring[0]]]))
        texts = [planned.chip_id, grid.scene, planned.split, planned.skipped, state_of(planned)]
        places = [chip.row, chip.col, chip.x_off, chip.y_off, grid.width, grid.height]
        feature.setAttributes([*texts, *places])
        yield feature


def show_plan(plan: OpenPlan) -> QgsVectorLayer:
    """Add the plan's chips as a temporary layer; those of an earlier plan go."""
    project = QgsProject.instance()
    former = [x.id() for x in project.mapLayers().values() if x.customProperty(PROPERTY)]
    project.removeMapLayers(former)
    layer = QgsVectorLayer("Polygon", tr("Planned chips"), "memory")
    layer.setCrs(plan.grids[0].crs)
    layer.dataProvider().addAttributes(planned_fields().toList())
    layer.updateFields()
    for grid in plan.grids:
        move = QgsCoordinateTransform(grid.crs, layer.crs(), project)
        features = list(planned_features(grid))
        for feature in features:
            shape = feature.geometry()
            shape.transform(move)
            feature.setGeometry(shape)
        layer.dataProvider().addFeatures(features)
    layer.updateExtents()
    layer.setCustomProperty(PROPERTY, plan.name)
    layer.setCustomProperty("skipMemoryLayersCheck", 1)  # made anew by the next plan
    layer.setRenderer(_renderer(plan))
    project.addMapLayer(layer)
    return layer


def _renderer(plan: OpenPlan) -> QgsCategorizedSymbolRenderer:
    reasons = sorted({p.skipped for grid in plan.grids for p in grid if p.skipped})
    categories = []
    for number, name in enumerate(plan.splits or [KEPT]):
        color = _COLORS[number % len(_COLORS)]
        symbol = QgsFillSymbol.createSimple(
            {"color": f"{color},40", "outline_color": color, "outline_width": "0.4"}
        )
        categories.append(QgsRendererCategory(name, symbol, name))
    for reason in reasons:
        symbol = QgsFillSymbol.createSimple(
            {
                "color": f"{_SKIPPED},110",
                "style": "b_diagonal",
                "outline_color": _SKIPPED,
                "outline_width": "0.3",
            }
        )
        label = tr("left out: {reason}").format(reason=reason)
        categories.append(QgsRendererCategory(reason, symbol, label))
    return QgsCategorizedSymbolRenderer("state", categories)
