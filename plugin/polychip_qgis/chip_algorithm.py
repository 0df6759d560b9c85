# SPDX-License-Identifier: GPL-2.0-or-later
"""What the algorithms that cut chips ask for: layers, fields, mode, sizes."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingException,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)

from .algorithm import PolychipAlgorithm
from .chips import EDGES
from .dock_settings import MAX_PX, MODES, DockSettings
from .export_request import ExportLayers
from .translation import tr


class ChipAlgorithm(PolychipAlgorithm):
    """The inputs of an algorithm that cuts chips."""

    IMAGERY, LABELS, EXTENT = "IMAGERY", "LABELS", "EXTENT"
    CLASS_FIELD, INSTANCE_FIELD, MODE = "CLASS_FIELD", "INSTANCE_FIELD", "MODE"
    SIZE, STRIDE, EDGE, SPLIT = "SIZE", "STRIDE", "EDGE", "SPLIT"

    def add_inputs(self) -> tuple[QgsProcessingParameterDefinition, ...]:
        """Add the parameters; returns stride and edge, which come among the advanced ones."""
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        vector, field = QgsProcessingParameterVectorLayer, QgsProcessingParameterField
        self.addParameter(QgsProcessingParameterRasterLayer(self.IMAGERY, tr("Imagery")))
        self.addParameter(vector(self.LABELS, tr("Labels"), polygons))
        self.addParameter(
            field(self.CLASS_FIELD, tr("Class field"), None, self.LABELS, field.DataType.Any)
        )
        self.addParameter(
            field(
                self.INSTANCE_FIELD,
                tr("Instance field (empty: every polygon is an object of its own)"),
                None,
                self.LABELS,
                field.DataType.Any,
                False,
                True,
            )  # fmt: skip
        )
        self.addParameter(
            vector(self.EXTENT, tr("Labelled extent (empty: whole image)"), polygons, None, True)
        )
        self.addParameter(choice(self.MODE, tr("Mode"), MODES))
        number = QgsProcessingParameterNumber
        whole = number.Type.Integer
        self.addParameter(
            number(self.SIZE, tr("Chip size in pixels"), whole, 512, False, 1, MAX_PX)
        )
        stride = number(
            self.STRIDE, tr("Stride in pixels (empty: same as size)"), whole, None, True, 1, MAX_PX
        )
        split = QgsProcessingParameterString(
            self.SPLIT, tr("Split (none, blocks, random, scene, field:NAME)"), "none", False, True
        )
        split.setFlags(split.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(split)
        return stride, choice(self.EDGE, tr("Edge rule"), EDGES)

    def layers(self, parameters: dict[str, Any], context: Any) -> ExportLayers:
        """The layers; call it on the main thread, to which they belong."""
        image = self.parameterAsRasterLayer(parameters, self.IMAGERY, context)
        if image is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.IMAGERY))
        labels = self.vector_layer(parameters, self.LABELS, context)
        return ExportLayers(image, labels, self.vector_layer(parameters, self.EXTENT, context))

    def vector_layer(self, parameters: dict[str, Any], name: str, context: Any) -> Any:
        """The layer, None when none is asked for."""
        layer = self.parameterAsVectorLayer(parameters, name, context)
        if layer is None and (name == self.LABELS or parameters.get(name)):
            raise QgsProcessingException(self.invalidSourceError(parameters, name))
        return layer

    def settings(self, parameters: dict[str, Any], context: Any) -> DockSettings:
        """The choices as the dock would have them; the output is left empty."""
        no_stride = parameters.get(self.STRIDE) is None
        return DockSettings(
            class_field=self.parameterAsString(parameters, self.CLASS_FIELD, context),
            instance_field=self.parameterAsString(parameters, self.INSTANCE_FIELD, context),
            mode=self.parameterAsEnumString(parameters, self.MODE, context),
            size=self.parameterAsInt(parameters, self.SIZE, context),
            stride=0 if no_stride else self.parameterAsInt(parameters, self.STRIDE, context),
            edge=self.parameterAsEnumString(parameters, self.EDGE, context),
            split=self.parameterAsString(parameters, self.SPLIT, context).strip() or "none",
        )


def choice(name: str, description: str, options: tuple[str, ...]) -> QgsProcessingParameterEnum:
    """One of some words; the first is the default."""
    return QgsProcessingParameterEnum(
        name,
        description,
        options=list(options),
        defaultValue=options[0],
        usesStaticStrings=True,
    )
