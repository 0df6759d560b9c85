# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:chipgrid: the chips of a raster layer as polygons."""

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
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsWkbTypes,
)

from .algorithm import PolychipAlgorithm
from .chips import EDGES, Chip, ChipLayout, PixelGrid, chips, corners, rows_and_columns
from .fields import integer_field, text_field
from .raster_grid import NoPixelGridError, grid_of
from .translation import tr


class ChipGridAlgorithm(PolychipAlgorithm):
    """Which chips a raster is cut into, to look at before anything is exported."""

    ID, PAGE = "chipgrid", "chip-grid"
    INPUT, SIZE, STRIDE, EDGE, OUTPUT, COUNT = "INPUT", "SIZE", "STRIDE", "EDGE", "OUTPUT", "COUNT"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Chip grid")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("The chips of a raster layer as polygons")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Lays chips of a fixed size over the pixels of a raster and writes one polygon a "
            "chip, with its id, "
            "its row and column, and the pixel where it starts.\n\n"
            "Chips follow the pixels: on a rotated or south-up raster the polygons are rotated "
            "too.\n\n"
            "Edge rule: “pad” lets the last chips reach beyond the image, “shift” moves them "
            "back inside "
            "(they overlap their neighbours), “drop” leaves them out."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        number = QgsProcessingParameterNumber
        self.addParameter(QgsProcessingParameterRasterLayer(self.INPUT, tr("Imagery")))
        self.addParameter(
            number(self.SIZE, tr("Chip size in pixels"), number.Type.Integer, 512, False, 1)
        )
        stride = number(
            self.STRIDE,
            tr("Stride in pixels (empty: same as size)"),
            number.Type.Integer,
            None,
            True,
            1,
        )
        edge = QgsProcessingParameterEnum(
            self.EDGE,
            tr("Edge rule"),
            options=list(EDGES),
            defaultValue="pad",
            usesStaticStrings=True,
        )
        for parameter in (stride, edge):
            parameter.setFlags(
                parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced
            )
            self.addParameter(parameter)
        self.addParameter(
            QgsProcessingParameterFeatureSink(
                self.OUTPUT, tr("Chip grid"), QgsProcessing.SourceType.TypeVectorPolygon
            )
        )
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of chips")))

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Write the polygons; cancelling leaves the rest out."""
        layer = self.parameterAsRasterLayer(parameters, self.INPUT, context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.INPUT))
        try:
            grid = grid_of(layer)
        except NoPixelGridError as error:
            raise QgsProcessingException(str(error)) from error
        layout = self._layout(parameters, context)
        n_rows, n_columns = rows_and_columns(grid, layout)
        total = n_rows * n_columns
        sink, target = self.parameterAsSink(
            parameters, self.OUTPUT, context, chip_fields(), QgsWkbTypes.Type.Polygon, layer.crs()
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, self.OUTPUT))
        feedback.pushInfo(
            tr("Chips: {total} ({rows} down, {columns} across)").format(
                total=total, rows=n_rows, columns=n_columns
            )
        )
        written = 0
        for chip in chips(grid, layout):
            if feedback.isCanceled():
                break
            if not sink.addFeature(
                chip_feature(grid, chip, layout.size), QgsFeatureSink.Flag.FastInsert
            ):
                raise QgsProcessingException(self.writeFeatureError(sink, parameters, self.OUTPUT))
            written += 1
            feedback.setProgress(100.0 * written / total)
        del sink  # closes the file
        return {self.OUTPUT: target, self.COUNT: written}

    def _layout(self, parameters: dict[str, Any], context: QgsProcessingContext) -> ChipLayout:
        size = self.parameterAsInt(parameters, self.SIZE, context)
        stride = (
            size
            if parameters.get(self.STRIDE) is None
            else self.parameterAsInt(parameters, self.STRIDE, context)
        )
        return ChipLayout(size, stride, self.parameterAsEnumString(parameters, self.EDGE, context))


def chip_fields() -> QgsFields:
    """The fields of a chip's polygon."""
    fields = QgsFields()
    fields.append(text_field("chip_id"))
    for name in ("row", "col", "x_off", "y_off", "width", "height"):
        fields.append(integer_field(name))
    return fields


def chip_feature(grid: PixelGrid, chip: Chip, size: int) -> QgsFeature:
    """A chip's polygon in the image's CRS, padding included."""
    feature = QgsFeature()
    ring = [QgsPointXY(x, y) for x, y in corners(grid, chip, size)]
    feature.setGeometry(QgsGeometry.fromPolygonXY([[*ring, ring[0]]]))
    feature.setAttributes([chip.chip_id, chip.row, chip.col, chip.x_off, chip.y_off, size, size])
    return feature
