# SPDX-License-Identifier: GPL-2.0-or-later
"""The question that is asked once: which layer proposes, and which of its values is which class."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsFieldProxyModel, QgsMapLayerProxyModel, QgsVectorLayer
from qgis.gui import QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..about import icon
from ..drawing.adopt import AdoptError
from ..drawing.classes import LabelClass
from ..drawing.label_layers import role_of
from ..translation import tr
from .proposer import Source
from .source import mapping_of, values_in


class ProposalDialog(QDialog):
    """Asks for a Source."""

    def __init__(
        self,
        parent: QWidget | None,
        labels: QgsVectorLayer,
        classes: Sequence[LabelClass],
        former: Source | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("PolychipProposals")
        self.setWindowTitle(tr("Propose Labels From a Layer"))
        self.setWindowIcon(icon())
        self._classes, self._former = list(classes), former
        self._boxes: dict[str, QComboBox] = {}
        self.layer = QgsMapLayerComboBox()
        self.layer.setObjectName("proposalLayer")
        self.layer.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.layer.setToolTip(tr("Last year’s map, buildings of OpenStreetMap, a model’s polygons"))
        ours = [
            self.layer.layer(n) for n in range(self.layer.count()) if role_of(self.layer.layer(n))
        ]
        self.layer.setExceptedLayerList([*ours, labels])
        self.field = QgsFieldComboBox()
        self.field.setObjectName("proposalField")
        self.field.setFilters(QgsFieldProxyModel.Filter.AllTypes)
        self.field.setAllowEmptyFieldName(True)
        self.field.setToolTip(tr("Its class field; none: all polygons are of one class"))
        self.table = QTableWidget(0, 2)
        self.table.setObjectName("proposalMapping")
        self.table.setHorizontalHeaderLabels([tr("Value"), tr("Class")])
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.again = QCheckBox(tr("Also propose what was rejected"))
        self.again.setObjectName("proposalAgain")
        self.problem = QLabel()
        self.problem.setObjectName("proposalProblem")
        self.problem.setWordWrap(True)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
        form = QFormLayout()
        form.addRow(tr("Layer"), self.layer)
        form.addRow(tr("Class field"), self.field)
        whole = QVBoxLayout(self)
        whole.addLayout(form)
        for widget in (self.table, self.again, self.problem, self.buttons):
            whole.addWidget(widget)
        self.resize(460, 420)
        self.layer.layerChanged.connect(self._layer_chosen)
        self.field.fieldChanged.connect(self._fill)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        if former is not None:
            self.layer.setLayer(former.layer)
        self._layer_chosen()
        if former is not None:
            self.field.setField(former.field)

    def source(self) -> Source | None:
        """What was chosen; None: no value is a class."""
        mapping = {
            value: box.currentData() for value, box in self._boxes.items() if box.currentData()
        }
        layer = self.layer.currentLayer()
        if layer is None or not mapping:
            return None
        return Source(layer, self.field.currentField(), mapping)

    def _layer_chosen(self, *_: object) -> None:
        self.field.setLayer(self.layer.currentLayer())
        self._fill()

    def _fill(self, *_: object) -> None:
        layer, field = self.layer.currentLayer(), self.field.currentField()
        self.table.setRowCount(0)
        self._boxes = {}
        self.problem.clear()
        if layer is None:
            self.problem.setText(tr("Load a layer of polygons first."))
            return
        pairs = {}
        if self._former is not None and self._former.layer is layer:
            pairs = dict(self._former.mapping)
        if not field and not pairs and self._classes:
            pairs = {"": self._classes[0].name}
        try:
            mapping = mapping_of(layer, field, self._classes, pairs)
            values = values_in(layer, field)
        except AdoptError as error:
            self.problem.setText(str(error))
            return
        self.table.setRowCount(len(values))
        for row, value in enumerate(values):
            self.table.setItem(row, 0, QTableWidgetItem(value or tr("All polygons")))
            box = QComboBox()
            box.setObjectName(f"proposalClass_{value}")
            box.addItem(tr("Leave out"), "")
            for known in self._classes:
                box.addItem(known.title, known.name)
            box.setCurrentIndex(max(0, box.findData(mapping.get(value, ""))))
            self.table.setCellWidget(row, 1, box)
            self._boxes[value] = box
