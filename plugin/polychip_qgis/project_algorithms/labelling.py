# SPDX-License-Identifier: GPL-2.0-or-later
"""What the algorithms on labelling projects share: cells, class lists, projects by their file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsRasterLayer,
)

from ..algorithm import PolychipAlgorithm
from ..chip_algorithm import choice
from ..chips import EDGES, ChipLayout
from ..dock_settings import MAX_PX
from ..drawing.adopt import AdoptError
from ..drawing.annotator_files import AnnotatorFilesError
from ..drawing.classes import ClassListError
from ..drawing.edits import EditRefused
from ..drawing.geopackage import GeoPackageError
from ..drawing.journal import journal_path
from ..drawing.label_layers import LabelLayers
from ..drawing.make import MakeError, open_layers
from ..raster_grid import NoPixelGridError
from ..translation import tr

REFUSALS = (
    QgsProcessingException, MakeError, NoPixelGridError, AdoptError, ClassListError,
    GeoPackageError, AnnotatorFilesError, EditRefused,
)  # fmt: skip


class LabellingAlgorithm(PolychipAlgorithm):
    """Layers are read and written as they are, so it runs on the main thread."""

    IMAGERY, SIZE, EDGE, PROJECT = "IMAGERY", "SIZE", "EDGE", "PROJECT"

    def flags(self) -> Any:
        """Not on a thread of its own."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Do the work; what refuses it is told in its own words."""
        try:
            return self.work(parameters, context, feedback)
        except REFUSALS as error:
            text = str(error)
        # Out here the frames that hold layers are gone: QGIS keeps the error until it ends.
        raise QgsProcessingException(text)

    def work(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """What the algorithm does."""
        raise NotImplementedError

    def add_cells(self) -> None:
        """Imagery, size of a cell, edge rule."""
        self.addParameter(
            QgsProcessingParameterMultipleLayers(
                self.IMAGERY, tr("Imagery"), QgsProcessing.SourceType.TypeRaster
            )
        )
        number = QgsProcessingParameterNumber
        self.addParameter(
            number(
                self.SIZE, tr("Cell size in pixels"), number.Type.Integer, 512, False, 16, MAX_PX
            )
        )
        self.addParameter(choice(self.EDGE, tr("Edge rule"), EDGES))

    def layout(self, parameters: dict[str, Any], context: QgsProcessingContext) -> ChipLayout:
        """Whole chips, side by side."""
        size = self.parameterAsInt(parameters, self.SIZE, context)
        return ChipLayout(size, size, self.parameterAsEnumString(parameters, self.EDGE, context))

    def images(
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> list[QgsRasterLayer]:
        """The images to be labelled."""
        layers = self.parameterAsLayerList(parameters, self.IMAGERY, context)
        images = [layer for layer in layers if isinstance(layer, QgsRasterLayer)]
        if not images:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.IMAGERY))
        return images

    def add_project(self) -> None:
        """The GeoPackage of a labelling project."""
        self.addParameter(
            QgsProcessingParameterFile(
                self.PROJECT, tr("GeoPackage of the labelling project"),
                QgsProcessingParameterFile.Behavior.File, "", None, False,
                "GeoPackage (*.gpkg)",
            )
        )  # fmt: skip

    def project_layers(
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> LabelLayers:
        """The project's layers, for nobody else's eyes.

        Raises:
            MakeError: it is no such file.
            QgsProcessingException: somebody has unsaved edits of it.
        """
        path = Path(self.parameterAsFile(parameters, self.PROJECT, context))
        if journal_path(path).exists():
            raise QgsProcessingException(
                tr("{path} has unsaved edits ({journal}): save them, or give them up, first.").format(
                    path=path, journal=journal_path(path).name
                )
            )
        labels, extent, tasks = open_layers(path)
        return LabelLayers(labels, tasks, extent)
