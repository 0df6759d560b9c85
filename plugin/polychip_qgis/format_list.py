# SPDX-License-Identifier: GPL-2.0-or-later
"""Further formats, chosen by ticks; which there are says the engine."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QListWidget, QListWidgetItem, QWidget

from .translation import tr

_ROWS = 5


class FormatList(QListWidget):
    """Hidden while there is no format to choose."""

    chosen = pyqtSignal()
    """The user has ticked or unticked one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("formats")
        self.setToolTip(tr("What the dataset is written as besides its own format"))
        self.itemChanged.connect(lambda *_: self.chosen.emit())
        self._offered: list[str] = []
        self._fill(())

    def offer(self, names: list[str]) -> None:
        """Let the user choose among these."""
        self._offered = list(names)
        self._fill(self.value())

    def value(self) -> tuple[str, ...]:
        """The ticked ones."""
        items = (self.item(row) for row in range(self.count()))
        return tuple(i.text() for i in items if i.checkState() == Qt.CheckState.Checked)

    def set_value(self, names: tuple[str, ...]) -> None:
        """Tick these; one that the engine does not offer stays, and the engine says so."""
        self._fill(names)

    def _fill(self, ticked: tuple[str, ...]) -> None:
        with QSignalBlocker(self):
            self.clear()
            for name in dict.fromkeys([*self._offered, *ticked]):
                item = QListWidgetItem(name, self)
                item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
                on = name in ticked
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.setVisible(self.count() > 0)
        row = max(self.sizeHintForRow(0), 16) if self.count() else 16
        self.setFixedHeight(min(max(1, self.count()), _ROWS) * row + 2 * self.frameWidth())
