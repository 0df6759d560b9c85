# SPDX-License-Identifier: GPL-2.0-or-later
"""The boxes that the dock is made of."""

from __future__ import annotations

from qgis.core import QgsFieldProxyModel, QgsMapLayerProxyModel
from qgis.gui import QgsCollapsibleGroupBoxBasic, QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QEvent, QObject, Qt
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QGroupBox, QSpinBox, QWidget

from .dock_settings import MAX_PX


class _WheelNeedsFocus(QObject):
    """Keeps the wheel, which scrolls the dock, from changing a box that happens to lie under it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return False


def calm(widget: QWidget, name: str, tool_tip: str) -> None:
    """Name a box, explain it, and keep the wheel from changing it."""
    widget.setObjectName(name)
    widget.setToolTip(tool_tip)
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_WheelNeedsFocus(widget))


def layer_box(name: str, kind: QgsMapLayerProxyModel.Filter, tool_tip: str) -> QgsMapLayerComboBox:
    """A list of the project's layers of a kind."""
    box = QgsMapLayerComboBox()
    box.setFilters(kind)
    calm(box, name, tool_tip)
    box.setMinimumContentsLength(12)  # long layer names must not widen the dock
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def field_box(name: str, tool_tip: str) -> QgsFieldComboBox:
    """A list of a layer's fields."""
    box = QgsFieldComboBox()
    box.setFilters(QgsFieldProxyModel.Filter.AllTypes)
    box.setAllowEmptyFieldName(True)
    calm(box, name, tool_tip)
    box.setMinimumContentsLength(12)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def pixel_box(name: str, lowest: int, value: int, tool_tip: str) -> QSpinBox:
    """A number of pixels."""
    box = QSpinBox()
    box.setRange(lowest, MAX_PX)
    box.setValue(value)
    box.setSuffix(" px")
    calm(box, name, tool_tip)
    return box


def form_group(
    name: str, title: str, *rows: tuple[str, QWidget], collapsed: bool | None = None
) -> QGroupBox:
    """Rows of a label and a widget; with `collapsed` given the user can fold it."""
    group = QGroupBox(title) if collapsed is None else QgsCollapsibleGroupBoxBasic(title)
    group.setObjectName(name)
    if collapsed is not None:
        group.setCollapsed(collapsed)
    form = QFormLayout(group)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for label, widget in rows:
        if label:
            form.addRow(label, widget)
        else:
            form.addRow(widget)
    return group
