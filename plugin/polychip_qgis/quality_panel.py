# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock's quality: check, agreement, advice, and the list of problems."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayerProxyModel, QgsProject, QgsVectorLayer, QgsWkbTypes
from qgis.gui import QgsCollapsibleGroupBoxBasic
from qgis.PyQt.QtCore import QModelIndex, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QWidget,
)

from .dock_widgets import calm, layer_box
from .problem_table import ProblemFilter, ProblemModel, problems_of, shows_problems
from .translation import tr

_LIST_PX = 180
_COLUMNS_PX = (70, 110)
"""Severity and check at most, so that something of the problem is to be read."""


class QualityPanel(QgsCollapsibleGroupBoxBasic):
    """Three buttons, and the problems of a layer: whichever holds some, checked here or not."""

    checkRequested = pyqtSignal()
    """Begin a check, or end the one that runs."""
    agreeRequested = pyqtSignal()
    adviseRequested = pyqtSignal()
    problemChosen = pyqtSignal(object, object)
    """(layer of problems, Problem)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Quality of Labels"), parent)
        self.setObjectName("qualityGroup")
        self._layer: QgsVectorLayer | None = None
        self._make()
        self._lay_out()
        self._connect()
        self._know_layers()
        self.setCollapsed(True)

    def _make(self) -> None:
        self.check_button = _button("checkLabels", tr("Check Labels"))
        self.check_button.setToolTip(
            tr("Look for faults in the labels above, unsaved edits too; a click on one goes there")
        )
        self.agree_button = _button("agreeLabels", tr("Agreement…"))
        self.agree_button.setToolTip(tr("Compare annotators, or predictions with labels"))
        self.advise_button = _button("adviseLabels", tr("Advice…"))
        self.advise_button.setToolTip(
            tr("Semantic, instance or panoptic masks? With figures from these labels")
        )
        self.status = QLabel()
        self.status.setObjectName("qualityStatus")
        self.status.setWordWrap(True)
        self.layer = layer_box(
            "problemLayer",
            QgsMapLayerProxyModel.Filter.VectorLayer,
            tr("The layer whose problems are listed"),
        )
        self.layer.setAllowEmptyLayer(True, tr("No problems listed"))
        self.severity = QComboBox()
        calm(self.severity, "problemSeverity", tr("How grave a problem must be to be listed"))
        self.severity.addItems([tr("Errors"), tr("And warnings"), tr("All")])
        self.severity.setCurrentIndex(2)
        self.model = ProblemModel(self)
        self.filter = ProblemFilter(self.model, self)
        self.table = QTableView()
        self.table.setObjectName("problemTable")
        self.table.setToolTip(tr("A click goes to the problem; what to do stands below"))
        self.table.setModel(self.filter)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setWordWrap(False)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.verticalHeader().hide()
        self.table.setMinimumHeight(_LIST_PX)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.hint = QLabel()
        self.hint.setObjectName("qualityHint")
        self.hint.setWordWrap(True)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        for column, button in enumerate((self.check_button, self.agree_button, self.advise_button)):
            grid.addWidget(button, 0, column)
        grid.addWidget(self.status, 1, 0, 1, 3)
        grid.addWidget(self.layer, 2, 0, 1, 2)
        grid.addWidget(self.severity, 2, 2)
        grid.addWidget(self.table, 3, 0, 1, 3)
        grid.addWidget(self.hint, 4, 0, 1, 3)

    def _connect(self) -> None:
        self.check_button.clicked.connect(lambda *_: self.checkRequested.emit())
        self.agree_button.clicked.connect(lambda *_: self.agreeRequested.emit())
        self.advise_button.clicked.connect(lambda *_: self.adviseRequested.emit())
        self.layer.layerChanged.connect(self._show_layer)
        self.severity.currentIndexChanged.connect(self._filter)
        self.table.selectionModel().currentRowChanged.connect(self._chosen)
        project = QgsProject.instance()
        project.layersAdded.connect(self._know_layers)
        project.cleared.connect(self._know_layers)

    def set_checking(self, running: bool) -> None:
        """The button ends what it has begun."""
        self.check_button.setText(tr("Cancel Check") if running else tr("Check Labels"))
        if running:
            self.status.setText(tr("The engine looks at the labels…"))

    def say(self, text: str) -> None:
        """One line on the last check."""
        self.status.setText(text)

    def show_layer(self, layer: QgsVectorLayer) -> None:
        """List this layer's problems."""
        self._know_layers()
        self.layer.setLayer(layer)
        self._show_layer(layer)

    def _know_layers(self, *_: Any) -> None:
        """Offer layers of problems alone."""
        layers = QgsProject.instance().mapLayers().values()
        self.layer.setExceptedLayerList([one for one in layers if not _listed(one)])

    def _show_layer(self, layer: Any) -> None:
        self._layer = layer if shows_problems(layer) else None
        self.model.show(problems_of(layer) if self._layer is not None else [])
        for column, most in enumerate(_COLUMNS_PX):
            self.table.resizeColumnToContents(column)
            self.table.setColumnWidth(column, min(self.table.columnWidth(column), most))
        self.hint.clear()

    def _filter(self, index: int) -> None:
        self.filter.show_down_to(index + 1)

    def _chosen(self, index: QModelIndex, _: QModelIndex) -> None:
        if not index.isValid() or self._layer is None:
            return
        problem = self.filter.problem(index)
        told = (problem.message, problem.explanation, problem.hint)
        self.hint.setText("\n".join(text for text in told if text))
        self.problemChosen.emit(self._layer, problem)


def _listed(layer: Any) -> bool:
    """Problems as points: their areas are the same problems once more."""
    return shows_problems(layer) and layer.geometryType() == QgsWkbTypes.GeometryType.PointGeometry


def _button(name: str, text: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    return button
