# SPDX-License-Identifier: GPL-2.0-or-later
"""Further images, each a scene of its own, chosen by ticks."""

from __future__ import annotations

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QListWidget, QListWidgetItem, QWidget

from .translation import tr

_ROWS = 4
"""Rows shown before the list scrolls."""


class ImageList(QListWidget):
    """The project's raster layers but the first image; empty and hidden when there are none."""

    chosen = pyqtSignal()
    """The user has ticked or unticked one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("moreImagery")
        self.setToolTip(
            tr(
                "Tick further images: each becomes a scene with the same labels; images on one "
                "grid count as dates of one place"
            )
        )
        self._first = ""
        self._ticked: tuple[str, ...] = ()
        self.itemChanged.connect(self._item_changed)
        project = QgsProject.instance()
        for signal in (project.layersAdded, project.layersRemoved):
            signal.connect(self._fill)
        self._fill()

    def value(self) -> tuple[str, ...]:
        """Ids of the ticked layers, in the list's order."""
        found = []
        for row in range(self.count()):
            if self.item(row).checkState() == Qt.CheckState.Checked:
                found.append(self.item(row).data(Qt.ItemDataRole.UserRole))
        return tuple(found)

    def set_value(self, layer_ids: tuple[str, ...]) -> None:
        """Tick these and no other."""
        self._ticked = tuple(layer_ids)
        self._fill()

    def set_first(self, layer_id: str) -> None:
        """The first image, which is not on offer here."""
        self._first = layer_id
        self._fill()

    def _fill(self, *_: object) -> None:
        with QSignalBlocker(self):
            self.clear()
            layers = QgsProject.instance().mapLayers().values()
            rasters = [x for x in layers if isinstance(x, QgsRasterLayer) and x.id() != self._first]
            for layer in sorted(rasters, key=lambda x: (x.name().casefold(), x.id())):
                item = QListWidgetItem(layer.name(), self)
                item.setData(Qt.ItemDataRole.UserRole, layer.id())
                item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
                ticked = layer.id() in self._ticked
                item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.setVisible(self.count() > 0)
        rows = min(max(1, self.count()), _ROWS)
        height = self.sizeHintForRow(0) if self.count() else 0
        self.setFixedHeight(rows * max(height, 16) + 2 * self.frameWidth())

    def _item_changed(self, *_: object) -> None:
        self._ticked = self.value()
        self.chosen.emit()
