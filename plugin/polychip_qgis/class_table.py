# SPDX-License-Identifier: GPL-2.0-or-later
"""The declared classes: code, colour, thing or stuff; their order decides overlaps."""

from __future__ import annotations

from qgis.core import QgsVectorLayer
from qgis.gui import QgsColorButton
from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .dock_settings import MAX_CODE, ClassRow
from .snapshot import is_null
from .translation import tr

NAME, CODE, COLOR, THING = range(4)
_COLORS = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999933",
)  # fmt: skip
MOST = 250


class ClassTable(QWidget):
    """Empty: codes are made of the labels' values, as the engine's rule has it."""

    chosen = pyqtSignal()
    """The user has changed something."""
    fillRequested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classTable")
        self._colors: list[str] = list(_COLORS)
        self.hint = QLabel(tr("The first class in the list wins where polygons overlap."))
        self.hint.setWordWrap(True)
        self.table = QTableWidget(0, 4)
        self.table.setObjectName("classes")
        self.table.setHorizontalHeaderLabels([tr("Class"), tr("Code"), tr("Colour"), tr("Object")])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.table.setFixedHeight(120)
        self.table.itemChanged.connect(lambda *_: self.chosen.emit())
        buttons = QHBoxLayout()
        self.fill_button = _button("fillClasses", tr("From Labels"), buttons)
        self.fill_button.setToolTip(tr("List the values of the class field, with codes from 1"))
        self.up_button = _button("classUp", tr("Up"), buttons)
        self.down_button = _button("classDown", tr("Down"), buttons)
        self.clear_button = _button("clearClasses", tr("Clear"), buttons)
        self.fill_button.clicked.connect(lambda *_: self.fillRequested.emit())
        self.up_button.clicked.connect(lambda *_: self._move(-1))
        self.down_button.clicked.connect(lambda *_: self._move(1))
        self.clear_button.clicked.connect(lambda *_: self._replace(()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(buttons)
        layout.addWidget(self.table)
        layout.addWidget(self.hint)
        self._show()

    def offer_colors(self, colors: list[str]) -> None:
        """Colours for new classes, in turn."""
        self._colors = list(colors) or self._colors

    def value(self) -> tuple[ClassRow, ...]:
        """The classes in order of priority."""
        return tuple(self._row(number) for number in range(self.table.rowCount()))

    def set_value(self, rows: tuple[ClassRow, ...]) -> None:
        """Show these."""
        with QSignalBlocker(self.table):
            self.table.setRowCount(0)
            for number, row in enumerate(rows):
                self._insert(number, row)
        self._show()

    def fill(self, layer: QgsVectorLayer, field: str) -> str:
        """List the field's values; those that are there keep their rows. A sentence if it can't."""
        values = layer.uniqueValues(layer.fields().lookupField(field))
        names = sorted({_text(value) for value in values if not is_null(value)} - {""})
        if not names or len(names) > MOST:
            return tr("“{field}” has {n} values; a schema takes 1 to {most}.").format(
                field=field, n=len(names), most=MOST
            )
        rows = [row for row in self.value() if row.name in names]
        codes = {row.code for row in rows}
        for name in names:
            if name in {row.name for row in rows}:
                continue
            code = int(name) if name.isdecimal() and 0 < int(name) < 255 else 1
            while code in codes:
                code += 1
            codes.add(code)
            rows.append(ClassRow(name, code, self._colors[(code - 1) % len(self._colors)]))
        self._replace(tuple(rows))
        return ""

    def problem(self) -> str:
        """A sentence on what cannot be, '' when all is well."""
        rows = self.value()
        if any(row.code < 0 for row in rows):
            return tr("A class’s code is a whole number from 0 to {most}.").format(most=MAX_CODE)
        codes = [row.code for row in rows]
        if len(set(codes)) < len(codes):
            return tr("Two classes share a code; give each class its own.")
        return ""

    def _replace(self, rows: tuple[ClassRow, ...]) -> None:
        self.set_value(rows)
        self.chosen.emit()

    def _move(self, step: int) -> None:
        number, rows = self.table.currentRow(), list(self.value())
        target = number + step
        if number < 0 or not 0 <= target < len(rows):
            return
        rows[number], rows[target] = rows[target], rows[number]
        self._replace(tuple(rows))
        self.table.selectRow(target)

    def _insert(self, number: int, row: ClassRow) -> None:
        self.table.insertRow(number)
        name = QTableWidgetItem(row.name)
        name.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        self.table.setItem(number, NAME, name)
        self.table.setItem(number, CODE, QTableWidgetItem(str(row.code)))
        button = QgsColorButton()
        button.setObjectName(f"color_{row.name}")
        button.setColor(QColor(row.color))
        button.setAllowOpacity(False)
        button.colorChanged.connect(lambda *_: self.chosen.emit())
        self.table.setCellWidget(number, COLOR, button)
        thing = QTableWidgetItem()
        thing.setToolTip(tr("Ticked: countable objects; not ticked: an area such as water"))
        thing.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
        thing.setCheckState(Qt.CheckState.Checked if row.thing else Qt.CheckState.Unchecked)
        self.table.setItem(number, THING, thing)

    def _row(self, number: int) -> ClassRow:
        text = self.table.item(number, CODE).text().strip()
        code = int(text) if text.isdecimal() and int(text) <= MAX_CODE else -1
        return ClassRow(
            self.table.item(number, NAME).text(),
            code,
            self.table.cellWidget(number, COLOR).color().name(),
            self.table.item(number, THING).checkState() == Qt.CheckState.Checked,
        )

    def _show(self) -> None:
        some = self.table.rowCount() > 0
        for widget in (self.table, self.hint, self.up_button, self.down_button, self.clear_button):
            widget.setVisible(some)


def _text(value: object) -> str:
    """As the engine reads it: whole numbers without a point."""
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value).strip()


def _button(name: str, text: str, layout: QHBoxLayout) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    layout.addWidget(button)
    return button
