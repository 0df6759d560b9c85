# SPDX-License-Identifier: GPL-2.0-or-later
"""The chips of an exported dataset on the map, laid out on another thread."""

from __future__ import annotations

from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsFillSymbol,
    QgsProject,
    QgsSingleSymbolRenderer,
    QgsTask,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .chip_grid import chip_feature, chip_fields
from .chips import chips
from .export_request import ExportRequest
from .translation import tr

PROPERTY = "polychip/chipsOf"
"""Custom property of the layer: the dataset whose chips it shows."""
OUTLINE = {"style": "no", "outline_color": "255,140,0", "outline_width": "0.4"}
_STEP = 500


class GridTask(QgsTask):
    """Makes the features that polychip:chipgrid would write."""

    made = pyqtSignal(object)
    """On the main thread: the features."""

    def __init__(self, request: ExportRequest) -> None:
        super().__init__(tr("Chips on the map"), QgsTask.Flag.CanCancel)
        self._grid, self._layout = request.grid, request.settings.layout
        self._features: list[QgsFeature] = []

    def run(self) -> bool:
        """Called by QGIS on another thread."""
        for number, chip in enumerate(chips(self._grid, self._layout)):
            if number % _STEP == 0 and self.isCanceled():
                return False
            self._features.append(chip_feature(self._grid, chip, self._layout.size))
        return True

    def finished(self, result: bool) -> None:
        """Called by QGIS on the main thread."""
        if result:
            self.made.emit(self._features)


class GridLayerMaker(QObject):
    """Adds a temporary layer; that of an earlier export to the same folder is replaced."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._request: ExportRequest | None = None
        self._task: GridTask | None = None

    def start(self, request: ExportRequest) -> None:
        """Begin; the layer appears when it is done."""
        self.abandon()
        self._request, self._task = request, GridTask(request)
        self._task.made.connect(self._show)
        QgsApplication.taskManager().addTask(self._task)

    def abandon(self) -> None:
        """Add nothing any more."""
        task, self._task = self._task, None
        if task is not None:
            task.made.disconnect(self._show)
            task.cancel()

    def _show(self, features: list[QgsFeature]) -> None:
        self._task = None
        request = self._request
        output = str(request.paths.output)
        project = QgsProject.instance()
        former = [
            known.id()
            for known in project.mapLayers().values()
            if known.customProperty(PROPERTY) == output
        ]
        project.removeMapLayers(former)
        name = tr("Chips of {dataset}").format(dataset=request.paths.output.name)
        layer = QgsVectorLayer("Polygon", name, "memory")
        layer.setCrs(request.crs)
        layer.dataProvider().addAttributes(chip_fields().toList())
        layer.updateFields()
        layer.dataProvider().addFeatures(features)
        layer.updateExtents()
        layer.setCustomProperty(PROPERTY, output)
        layer.setCustomProperty("skipMemoryLayersCheck", 1)  # made anew by the next export
        layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(OUTLINE)))
        project.addMapLayer(layer)
