# SPDX-License-Identifier: GPL-2.0-or-later
"""How chips are divided: the ways that the engine offers, and the shares."""

from __future__ import annotations

from qgis.core import QgsFieldProxyModel, QgsMapLayer
from qgis.gui import QgsFieldComboBox
from qgis.PyQt.QtCore import QSignalBlocker, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSpinBox, QWidget

from .dock_settings import FRACTIONS
from .translation import tr

NONE, FIELD = "none", "field:"
OFFERED = "field:NAME"
"""What the engine calls a split by any field of the extent."""


class SplitBox(QWidget):
    """A way to divide the chips, with what belongs to it."""

    chosen = pyqtSignal()
    """The user has changed something."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("splitBox")
        self._fractions = FRACTIONS
        self.way = QComboBox()
        self.way.setObjectName("split")
        self.way.setToolTip(
            tr("Which chips train and which validate; no ground is ever in two of them")
        )
        self.field = QgsFieldComboBox()
        self.field.setObjectName("splitField")
        self.field.setFilters(QgsFieldProxyModel.Filter.AllTypes)
        self.field.setToolTip(tr("The field of the labelled extent that names the split"))
        self._shares = QHBoxLayout()
        self._boxes: list[tuple[str, QSpinBox]] = []
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.way, 0, 0)
        layout.addWidget(self.field, 1, 0)
        layout.addLayout(self._shares, 2, 0)
        self.offer([NONE])
        self._make_boxes()
        self.way.activated.connect(self._user_chose)
        self.field.activated.connect(self._user_chose)
        self._show()

    def offer(self, ways: list[str]) -> None:
        """Let the user choose among these, as the engine names them."""
        now = self.way.currentData() or NONE
        with QSignalBlocker(self.way):
            self.way.clear()
            for way in dict.fromkeys([NONE, *ways, now]):
                self.way.addItem(_title(way), way)
            self.way.setCurrentIndex(self.way.findData(now))

    def set_extent(self, layer: QgsMapLayer | None) -> None:
        """The layer whose fields may name splits."""
        with QSignalBlocker(self.field):
            self.field.setLayer(layer)

    def value(self) -> tuple[str, tuple[tuple[str, int], ...]]:
        """The way as a recipe has it, and the shares in percent."""
        way = self.way.currentData()
        if way == OFFERED:
            way = FIELD + self.field.currentField()
        return way, tuple((name, box.value()) for name, box in self._boxes)

    def set_value(self, way: str, fractions: tuple[tuple[str, int], ...]) -> None:
        """Show this."""
        kind = OFFERED if way.startswith(FIELD) else way
        with QSignalBlocker(self.way), QSignalBlocker(self.field):
            if self.way.findData(kind) < 0:
                self.way.addItem(_title(kind), kind)
            self.way.setCurrentIndex(self.way.findData(kind))
            if kind == OFFERED:
                self.field.setField(way[len(FIELD) :])
        self._fractions = fractions
        self._make_boxes()
        self._show()

    def problem(self) -> str:
        """A sentence on what cannot be, '' when all is well."""
        way, fractions = self.value()
        if way == FIELD:
            return tr("Choose the field of the labelled extent that names the split.")
        total = sum(share for _, share in fractions)
        if way != NONE and total != 100:
            return tr("The shares of the splits add up to {total} %, not to 100 %.").format(
                total=total
            )
        return ""

    def _make_boxes(self) -> None:
        while self._shares.count():
            widget = self._shares.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._boxes = []
        for name, share in self._fractions:
            box = QSpinBox()
            box.setObjectName(f"share_{name}")
            box.setRange(0, 100)
            box.setSuffix(" %")
            box.setValue(share)
            box.setToolTip(tr("Share of the chips in “{name}”").format(name=name))
            box.valueChanged.connect(self._user_chose)
            self._shares.addWidget(QLabel(name))
            self._shares.addWidget(box, 1)
            self._boxes.append((name, box))

    def _user_chose(self, *_: object) -> None:
        self._show()
        self.chosen.emit()

    def _show(self) -> None:
        way = self.way.currentData()
        self.field.setVisible(way == OFFERED)
        for index in range(self._shares.count()):
            self._shares.itemAt(index).widget().setVisible(way != NONE)


def _title(way: str) -> str:
    known = {
        NONE: tr("Not divided"),
        "blocks": tr("Blocks of neighbouring chips"),
        "random": tr("Each chip by chance"),
        "scene": tr("Whole images"),
        OFFERED: tr("By a field of the extent"),
    }
    return known.get(way, way)
