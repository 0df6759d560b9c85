# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:agree: how well annotators agree."""

from __future__ import annotations

import string
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsVectorLayer,
)

from .label_algorithm import POLYGONS, LabelAlgorithm
from .show_when_done import layer_uri, show_when_done
from .translation import tr

NONE = "none"
CONSENSUS = (NONE, "majority", "staple")
DISAGREEMENT = "disagreement"


class AgreeAlgorithm(LabelAlgorithm):
    """Pixels, outlines and objects of two or more label layers compared."""

    ID, PAGE = "agree", "agree"
    RESOLUTION, BOUNDARY, DECISION = "RESOLUTION", "BOUNDARY", "DECISION"
    OUTPUT, MATRIX = "OUTPUT", "MATRIX"
    ACCURACY, KAPPA, PQ, ALPHA = "ACCURACY", "KAPPA", "PQ", "ALPHA"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Agreement of annotators")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("How well annotators agree, or predictions with labels")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Compares two or more label layers, or predictions with labels: pixels (IoU, F1, "
            "Cohen’s kappa), outlines, and objects (panoptic quality). The first layer is the "
            "reference of precision and recall. The figures are in the log, and where A and B "
            "differ becomes a layer.\n\n"
            "Of more than two layers a consensus can be made: the most frequent answer at each "
            "pixel, or STAPLE’s."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        several = QgsProcessingParameterMultipleLayers(self.LABELS, tr("Label layers"), POLYGONS)
        several.setMinimumNumberInputs(2)
        self.addParameter(several)
        for name, text in (
            (self.CLASS_FIELD, tr("Class field, of the same name in all layers")),
            (
                self.INSTANCE_FIELD,
                tr("Instance field (empty: every polygon is an object of its own)"),
            ),
        ):
            self.addParameter(QgsProcessingParameterString(name, text, "", False, True))
        raster, number = QgsProcessingParameterRasterLayer, QgsProcessingParameterNumber
        image = tr("Image whose pixels are compared")
        self.addParameter(raster(self.IMAGERY, image, None, True))
        real, flag = number.Type.Double, QgsProcessingParameterDefinition.Flag
        side = tr("Side of a pixel where there is no image, in units of the first layer")
        self.addParameter(number(self.RESOLUTION, side, real, None, True, 0.0))
        self.add_extent()
        decision = QgsProcessingParameterEnum(
            self.DECISION,
            tr("Consensus"),
            options=list(CONSENSUS),
            defaultValue=NONE,
            usesStaticStrings=True,
        )
        apart = tr("Outlines may be so far apart, in pixels")
        boundary = number(self.BOUNDARY, apart, number.Type.Integer, 2, False, 0)
        for parameter in (decision, boundary):
            parameter.setFlags(parameter.flags() | flag.FlagAdvanced)
            self.addParameter(parameter)
        self.add_recipe_and_figures()
        matrix = QgsProcessingParameterFileDestination(
            self.MATRIX, tr("Confusion matrix"), "SVG (*.svg)", None, True, False
        )
        self.addParameter(matrix)
        target = QgsProcessingParameterVectorDestination
        self.addParameter(
            target(self.OUTPUT, tr("Disagreement"), QgsProcessing.SourceType.TypeVectorPolygon)
        )
        for name, text in (
            (self.ACCURACY, tr("Share of equal pixels")),
            (self.KAPPA, tr("Cohen’s kappa")),
            (self.PQ, tr("Panoptic quality")),
            (self.ALPHA, tr("Krippendorff’s alpha")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, text))

    def label_layers(self, parameters: dict[str, Any], context: Any) -> list[QgsVectorLayer]:
        """The annotators' layers, A first."""
        layers = self.parameterAsLayerList(parameters, self.LABELS, context)
        if len(layers) < 2:
            raise QgsProcessingException(tr("Choose two or more label layers."))
        return layers

    def judge(
        self,
        labels: list[str],
        options: list[str],
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run `polychip agree`."""
        path, wanted = self.geopackage_target(parameters, self.OUTPUT, context)
        arguments = ["agree", *labels, *options, "-o", path, "--overwrite"]
        arguments += ["--image", *self.looked.images] if self.looked.images else []
        if parameters.get(self.RESOLUTION) is not None:
            side = self.parameterAsDouble(parameters, self.RESOLUTION, context)
            arguments += ["--resolution", str(side)]
        arguments += ["--boundary", str(self.parameterAsInt(parameters, self.BOUNDARY, context))]
        decision = self.parameterAsEnumString(parameters, self.DECISION, context)
        arguments += ["--consensus", decision] if decision != NONE else []
        matrix = self.parameterAsFileOutput(parameters, self.MATRIX, context)
        arguments += ["--matrix", matrix] if matrix else []
        document, results = self.figures(arguments, parameters, context, feedback)
        if document is None:
            return {}
        self._tell(document, feedback)
        results |= {
            self.OUTPUT: layer_uri(path, DISAGREEMENT),
            self.ACCURACY: document["accuracy"],
            self.KAPPA: document["kappa"],
            self.PQ: (document.get("objects") or {}).get("pq"),
            self.ALPHA: document["krippendorff_alpha"],
        }
        if matrix:
            results[self.MATRIX] = matrix
        if wanted:
            show_when_done(context, results[self.OUTPUT], tr("Disagreement"), self.OUTPUT)
        return results

    def _tell(self, document: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
        for letter, seen in zip(string.ascii_uppercase, self.looked.seen):
            feedback.pushInfo(f"{letter}: {seen.name}")
        for name, figures in document["classes"].items():
            told = [
                f"{label} {figures[key]:.3f}"
                for key, label in (("iou", "IoU"), ("f1", "F1"), ("kappa", "kappa"), ("pq", "PQ"))
                if figures.get(key) is not None
            ]
            feedback.pushInfo(f"{name}: {', '.join(told)}")
