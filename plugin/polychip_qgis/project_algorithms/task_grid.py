# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:taskgrid: the cells of images as tasks, without a project."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsGeometry,
    QgsPointXY,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsWkbTypes,
)

from ..drawing.make import cells_on, scenes_of
from ..drawing.names import ANNOTATOR, CELL, COL, IMAGE, NOTE, ROW, STATUS, TODO
from ..fields import integer_field, text_field
from ..translation import tr
from .labelling import LabellingAlgorithm


class TaskGridAlgorithm(LabellingAlgorithm):
    """Cells with a status, an annotator and a note."""

    ID, PAGE = "taskgrid", "task-grid"
    OUTPUT, COUNT = "OUTPUT", "COUNT"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Task grid")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("The cells of images as tasks to be labelled")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Lays cells of whole chips over the pixels of images and writes a polygon a cell, "
            "with the fields of a labelling project’s tasks: cell, image, row, col, status (to "
            "do), annotator, note.\n\n"
            "Cells follow the pixels, also of rotated images; their names are those of the "
            "chips in the dataset."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        self.add_cells()
        self.addParameter(
            QgsProcessingParameterFeatureSink(
                self.OUTPUT, tr("Task grid"), QgsProcessing.SourceType.TypeVectorPolygon
            )
        )
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of cells")))

    def work(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Write the polygons; cancelling leaves the rest out."""
        images = self.images(parameters, context)
        crs = images[0].crs()
        if any(image.crs() != crs for image in images):
            raise QgsProcessingException(
                tr("The images are in different coordinate reference systems: make a grid for each.")
            )
        cells = cells_on(scenes_of(images), self.layout(parameters, context))
        sink, target = self.parameterAsSink(
            parameters, self.OUTPUT, context, task_fields(), QgsWkbTypes.Type.Polygon, crs
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, self.OUTPUT))
        written = 0
        for cell in cells:
            if feedback.isCanceled():
                break
            feature = QgsFeature(task_fields())
            ring = [QgsPointXY(x, y) for x, y in cell.corners]
            feature.setGeometry(QgsGeometry.fromPolygonXY([[*ring, ring[0]]]))
            values = {CELL: cell.name, IMAGE: cell.image, ROW: cell.row, COL: cell.col}
            for name, value in {**values, STATUS: TODO}.items():
                feature[name] = value
            if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                raise QgsProcessingException(self.writeFeatureError(sink, parameters, self.OUTPUT))
            written += 1
            feedback.setProgress(100.0 * written / len(cells))
        del sink  # closes the file
        return {self.OUTPUT: target, self.COUNT: written}


def task_fields() -> QgsFields:
    """Of a cell."""
    fields = QgsFields()
    for name in (CELL, IMAGE):
        fields.append(text_field(name))
    for name in (ROW, COL):
        fields.append(integer_field(name))
    for name in (STATUS, ANNOTATOR, NOTE):
        fields.append(text_field(name))
    return fields
