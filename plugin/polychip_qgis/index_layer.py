# SPDX-License-Identifier: GPL-2.0-or-later
"""The index of an exported dataset on the map: the GeoPackage that the engine makes of it."""

from __future__ import annotations

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .convert_dataset import GRID, GRID_FILE, GRID_LAYER
from .engine import Engine
from .engine_run import EngineRun, RunOutcome
from .recipe import OutputPaths
from .show_when_done import styled_layer
from .translation import tr

PROPERTY = "polychip/chipsOf"
"""Custom property of the layer: the dataset whose chips it shows."""


class IndexLayerMaker(QObject):
    """Adds the layer; that of an earlier export to the same folder is replaced."""

    failed = pyqtSignal(str)
    """Why there is no layer; the dataset is not touched by it."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._paths: OutputPaths | None = None
        self._run: EngineRun | None = None

    def start(self, paths: OutputPaths, engine: Engine) -> None:
        """Begin; the layer appears when it is done."""
        self.abandon()
        self._paths = paths
        self._remove_former()  # nothing may have the file open while it is replaced
        self._run = EngineRun(self)
        self._run.finished.connect(self._ended)
        arguments = ["convert", str(paths.output), "--to", GRID, "-o", str(paths.index)]
        arguments += ["--overwrite", "--progress", "json"]
        self._run.start(engine, arguments, paths.output.parent)

    def abandon(self) -> None:
        """Add nothing any more."""
        run, self._run = self._run, None
        if run is not None:
            run.abandon()
            run.deleteLater()

    def _ended(self, outcome: RunOutcome) -> None:
        run, self._run = self._run, None
        run.deleteLater()
        if outcome.ok:
            self._show()
        else:
            self.failed.emit(
                tr("The chips could not be put on the map: {reason}").format(reason=outcome.message)
            )

    def _show(self) -> None:
        name = tr("Chips of {dataset}").format(dataset=self._paths.output.name)
        layer = styled_layer(self._paths.index / GRID_FILE, GRID_LAYER, name)
        layer.setCustomProperty(PROPERTY, str(self._paths.output))
        QgsProject.instance().addMapLayer(layer)

    def _remove_former(self) -> None:
        project = QgsProject.instance()
        output = str(self._paths.output)
        layers = project.mapLayers().values()
        former = [known.id() for known in layers if known.customProperty(PROPERTY) == output]
        project.removeMapLayers(former)
