# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a layer's features have changed since somebody looked: a number that grows."""

from __future__ import annotations

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal


class EditWatch(QObject):
    """Counts the edits of one layer; cheap, since a re-classing of 1,000 features emits as many."""

    edited = pyqtSignal()
    """Features changed in the edit session."""
    replaced = pyqtSignal()
    """The layer shows something else now: another filter, CRS, data source."""

    _EDITS = (
        "featureAdded",
        "featuresDeleted",
        "geometryChanged",
        "attributeValueChanged",
        "afterRollBack",
        "afterCommitChanges",
        "dataChanged",
    )
    _REPLACEMENTS = (
        "subsetStringChanged",
        "crsChanged",
        "dataSourceChanged",
    )

    def __init__(self, layer: QgsVectorLayer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.number = 0
        """Grows with each edit."""
        self._layer = layer
        for names, slot in ((self._EDITS, self._edit), (self._REPLACEMENTS, self._replace)):
            for name in names:
                getattr(layer, name).connect(slot)

    def stop(self) -> None:
        """Listen no more; the layer may be gone."""
        self.deleteLater()

    def _edit(self, *_: object) -> None:
        self.number += 1
        self.edited.emit()

    def _replace(self, *_: object) -> None:
        self.number += 1
        self.replaced.emit()
