# SPDX-License-Identifier: GPL-2.0-or-later
"""Many cells into pre-labels in QGIS's task manager; the labels are read there, not edited."""

from __future__ import annotations

from typing import NamedTuple

from qgis.core import (
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsGeometry,
    QgsTask,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)
from qgis.PyQt.QtCore import pyqtSignal

from ..translation import tr
from .convert import Cell, Wanted, prelabels
from .pixels import PixelError


class Made(NamedTuple):
    """The pre-labels of a cell."""

    key: int
    polygons: list[QgsGeometry]


class ConvertTask(QgsTask):
    """Makes the polygons; `ended` comes on the main thread, whatever came of it."""

    ended = pyqtSignal()

    def __init__(
        self,
        wanted: Wanted,
        cells: list[tuple[int, QgsGeometry]],
        labels: QgsVectorLayer,
        to_image: QgsCoordinateTransform,
    ) -> None:
        super().__init__(tr("Making pre-labels"), QgsTask.Flag.CanCancel)
        self.wanted = wanted
        self._cells, self._to_image = cells, to_image
        self._source = QgsVectorLayerFeatureSource(labels)
        self.made: list[Made] = []
        self.problem = ""

    def run(self) -> bool:
        """Called by QGIS on another thread."""
        try:
            for number, (key, shape) in enumerate(self._cells):
                if self.isCanceled():
                    return False
                cell = Cell(key, shape, self._drawn(shape))
                self.made.append(Made(key, prelabels(self.wanted, cell, self._to_image)))
                self.setProgress(100 * (number + 1) / len(self._cells))
        except PixelError as error:
            self.problem = str(error)
        except Exception as error:  # an exception here would be lost
            text = f"{type(error).__name__}: {error}"
            self.problem = tr("Making pre-labels failed: {reason}").format(reason=text)
        return not self.problem

    def finished(self, result: bool) -> None:  # noqa: ARG002 - `made` and `problem` say more
        """Called by QGIS on the main thread."""
        self.ended.emit()

    def _drawn(self, shape: QgsGeometry) -> list[QgsGeometry]:
        request = QgsFeatureRequest().setFilterRect(shape.boundingBox())
        request.setSubsetOfAttributes([])
        found = self._source.getFeatures(request)
        return [QgsGeometry(f.geometry()) for f in found if f.hasGeometry()]
