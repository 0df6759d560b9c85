# SPDX-License-Identifier: GPL-2.0-or-later
"""How the three layers look and what their fields fill in by themselves.

All of it is QGIS's own: saved as default style in the GeoPackage, it serves without the plugin.
"""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsDefaultValue,
    QgsEditFormConfig,
    QgsEditorWidgetSetup,
    QgsFieldConstraints,
    QgsFillSymbol,
    QgsRendererCategory,
    QgsVectorLayer,
)

from ..translation import tr
from .classes import LabelClass, in_palette_order
from .label_layers import keep_classes
from .names import (
    ANNOTATOR,
    CHANGED,
    CLASS,
    CONFIDENCE,
    CONFIDENCES,
    CREATED,
    DOING,
    DONE,
    EXTENT,
    INSTANCE,
    LABEL_STATUSES,
    LABELS,
    OK,
    REVIEW,
    ROLE,
    SKIP,
    SOURCE,
    STATUS,
    TASK_STATUSES,
    TASKS,
    TODO,
    TOOL,
    UUID,
)

FILL_ALPHA = 100
"""Of 255: the imagery shows through."""
TASK_LOOKS = {
    TODO: {"color": "255,255,255,0", "outline_color": "255,255,255,200", "outline_width": "0.3"},
    DOING: {"color": "255,235,59,20", "outline_color": "255,235,59,255", "outline_width": "0.9"},
    DONE: {"color": "76,175,80,40", "outline_color": "56,142,60,255", "outline_width": "0.6"},
    REVIEW: {"color": "156,39,176,40", "outline_color": "156,39,176,255", "outline_width": "0.6"},
    SKIP: {"color": "66,66,66,140", "outline_color": "66,66,66,255", "outline_width": "0.3"},
}
EXTENT_LOOK = {"style": "no", "outline_color": "0,229,255,255", "outline_width": "0.8",
               "outline_style": "dash"}  # fmt: skip


def task_status_title(status: str) -> str:
    """A task's status for people."""
    return {
        TODO: tr("To do"),
        DOING: tr("Doing"),
        DONE: tr("Done"),
        REVIEW: tr("Review"),
        SKIP: tr("Skip"),
    }.get(status, status)


def label_status_title(status: str) -> str:
    """A polygon's status for people."""
    return {OK: tr("OK"), "unsure": tr("Unsure"), "carried": tr("Carried over")}.get(status, status)


def style_labels(layer: QgsVectorLayer, classes: Sequence[LabelClass]) -> None:
    """Classes by colour, lists of values, defaults; `classes` in order of priority."""
    layer.setCustomProperty(ROLE, LABELS)
    keep_classes(layer, list(classes))
    layer.setRenderer(class_renderer(classes))
    palette = in_palette_order(classes)
    _values(layer, CLASS, {known.title: known.name for known in palette})
    _values(layer, STATUS, {label_status_title(value): value for value in LABEL_STATUSES})
    _values(layer, CONFIDENCE, {value: value for value in CONFIDENCES})
    first = palette[0].name.replace("'", "''")
    for field, expression, on_update in (
        (CLASS, f"coalesce(@polychip_class, '{first}')", False),
        (UUID, "uuid('WithoutBraces')", False),
        (STATUS, f"'{OK}'", False),
        (ANNOTATOR, "coalesce(@polychip_annotator, @user_account_name)", False),
        (CREATED, "now()", False),
        (CHANGED, "now()", True),
        (SOURCE, "@polychip_source", False),
        (TOOL, "coalesce(@polychip_tool, 'qgis')", False),
    ):
        layer.setDefaultValueDefinition(
            _index(layer, field), QgsDefaultValue(expression, on_update)
        )
    unique = QgsFieldConstraints.Constraint.ConstraintUnique
    for field in (INSTANCE, UUID):  # split, paste and duplicate then renumber themselves
        layer.setFieldConstraint(_index(layer, field), unique)
    _no_form(layer)


def class_renderer(classes: Sequence[LabelClass]) -> QgsCategorizedSymbolRenderer:
    """One category a class, in the palette's order; drawn so that the one that wins lies on top."""
    categories = []
    for known in in_palette_order(classes):
        rgb = ",".join(str(part) for part in _rgb(known.color))
        look = {
            "color": f"{rgb},{FILL_ALPHA}",
            "outline_color": f"{rgb},255",
            "outline_width": "0.5",
            "joinstyle": "round",
        }
        symbol = QgsFillSymbol.createSimple(look)
        # Unlike an order of features, levels hold for unsaved polygons, too.
        symbol.symbolLayer(0).setRenderingPass(len(classes) - list(classes).index(known))
        categories.append(QgsRendererCategory(known.name, symbol, known.title))
    renderer = QgsCategorizedSymbolRenderer(CLASS, categories)
    renderer.setUsingSymbolLevels(True)
    return renderer


def style_tasks(layer: QgsVectorLayer) -> None:
    """Cells by status; status and note are edited in QGIS's own form."""
    layer.setCustomProperty(ROLE, TASKS)
    layer.setRenderer(status_renderer())
    _values(layer, STATUS, {task_status_title(value): value for value in TASK_STATUSES})
    layer.setDefaultValueDefinition(_index(layer, CHANGED), QgsDefaultValue("now()", True))
    layer.setDisplayExpression('"cell" || \' · \' || "status"')


def status_renderer() -> QgsCategorizedSymbolRenderer:
    """One category a status."""
    categories = [
        QgsRendererCategory(
            status, QgsFillSymbol.createSimple(TASK_LOOKS[status]), task_status_title(status)
        )
        for status in TASK_STATUSES
    ]
    return QgsCategorizedSymbolRenderer(STATUS, categories)


def style_extent(layer: QgsVectorLayer) -> None:
    """A dashed outline."""
    layer.setCustomProperty(ROLE, EXTENT)
    layer.renderer().setSymbol(QgsFillSymbol.createSimple(EXTENT_LOOK))
    for field, expression in (
        (ANNOTATOR, "coalesce(@polychip_annotator, @user_account_name)"),
        (CREATED, "now()"),
    ):
        layer.setDefaultValueDefinition(_index(layer, field), QgsDefaultValue(expression, False))
    _no_form(layer)


def _no_form(layer: QgsVectorLayer) -> None:
    form = layer.editFormConfig()
    form.setSuppress(QgsEditFormConfig.FeatureFormSuppress.SuppressOn)
    layer.setEditFormConfig(form)


def _values(layer: QgsVectorLayer, field: str, titles: dict[str, str]) -> None:
    """A list of values: shown text to stored text, in this order."""
    setup = QgsEditorWidgetSetup("ValueMap", {"map": [{t: value} for t, value in titles.items()]})
    layer.setEditorWidgetSetup(_index(layer, field), setup)


def _index(layer: QgsVectorLayer, field: str) -> int:
    return layer.fields().lookupField(field)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
