# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:vectorize: masks or predictions into polygons without seams."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
)

from .engine_algorithm import EngineAlgorithm
from .recipe import EXTENT, LABELS
from .show_when_done import layer_uri, show_when_done
from .translation import tr

AUTO = "auto"
KINDS = (AUTO, "semantic", "instance", "probability")


class VectorizeAlgorithm(EngineAlgorithm):
    """A dataset's own masks, or a model's predictions on its chips, as a layer of polygons."""

    ID, PAGE = "vectorize", "vectorize"
    DATASET, PREDICTIONS, KIND, THRESHOLD = "DATASET", "PREDICTIONS", "KIND", "THRESHOLD"
    CLASSES, SCENE, MIN_SIZE, SIMPLIFY = "CLASSES", "SCENE", "MIN_SIZE", "SIMPLIFY"
    OUTPUT, AREA, COUNT = "OUTPUT", "AREA", "COUNT"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Vectorize masks")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Masks or a model’s predictions into polygons")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Turns the masks of a dataset, or a model’s predictions on its chips, into "
            "georeferenced polygons without seams between chips.\n\n"
            "Predictions are rasters (.tif, .png, .npy) named like the chips: classes, objects, or "
            "probabilities. What no chip covers, or is ignore, is left out; the layer “extent” says "
            "where there was something to see. Smoothing keeps shared borders shared."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        file, number = QgsProcessingParameterFile, QgsProcessingParameterNumber
        whole, real = number.Type.Integer, number.Type.Double
        self.addParameter(file(self.DATASET, tr("Dataset"), file.Behavior.Folder))
        predictions = file(
            self.PREDICTIONS,
            tr("Predictions (empty: the dataset’s own masks)"),
            file.Behavior.Folder,
            optional=True,
        )
        self.addParameter(predictions)
        self.addParameter(
            QgsProcessingParameterEnum(
                self.KIND,
                tr("What the rasters hold"),
                options=list(KINDS),
                defaultValue=AUTO,
                usesStaticStrings=True,
            )
        )
        threshold = tr("Least probability of a class (empty: the highest wins)")
        self.addParameter(number(self.THRESHOLD, threshold, real, None, True, 0.0, 1.0))
        smallest = tr("Leave out polygons of fewer pixels")
        self.addParameter(number(self.MIN_SIZE, smallest, whole, 0, False, 0))
        smooth = tr("Smooth outlines by so many pixels")
        self.addParameter(number(self.SIMPLIFY, smooth, real, 0.0, False, 0.0))
        for name, text in (
            (self.CLASSES, tr("Class of each band of probabilities, with commas between")),
            (self.SCENE, tr("Only these scenes, with commas between (empty: all)")),
        ):
            flag = QgsProcessingParameterDefinition.Flag
            parameter = QgsProcessingParameterString(name, text, "", False, True)
            parameter.setFlags(parameter.flags() | flag.FlagAdvanced)
            self.addParameter(parameter)
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        target = QgsProcessingParameterVectorDestination
        self.addParameter(target(self.OUTPUT, tr("Polygons"), polygons))
        self.addOutput(QgsProcessingOutputVectorLayer(self.AREA, tr("Where there were chips")))
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of polygons")))

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run the engine; cancelling leaves nothing."""
        engine = self.found_engine()
        path, wanted = self.geopackage_target(parameters, self.OUTPUT, context)
        arguments = ["vectorize", self.parameterAsString(parameters, self.DATASET, context)]
        arguments += ["-o", path, "--overwrite", *self._choices(parameters, context)]
        done = self.closing_event(engine, arguments, feedback)
        if done is None:
            return {}
        for note in done.get("notes", []):
            feedback.pushInfo(note)
        for name, count in done["polygons"].items():
            feedback.pushInfo(f"{name}: {count}")
        results = {
            self.OUTPUT: layer_uri(path, LABELS),
            self.AREA: layer_uri(path, EXTENT),
            self.COUNT: sum(done["polygons"].values()),
        }
        if wanted:
            show_when_done(context, results[self.AREA], tr("Where there were chips"), self.AREA)
            show_when_done(context, results[self.OUTPUT], tr("Polygons"), self.OUTPUT)
        return results

    def _choices(self, parameters: dict[str, Any], context: QgsProcessingContext) -> list[str]:
        chosen = []
        predictions = self.parameterAsString(parameters, self.PREDICTIONS, context)
        kind = self.parameterAsEnumString(parameters, self.KIND, context)
        classes = self.parameterAsString(parameters, self.CLASSES, context).strip()
        chosen += ["--predictions", predictions] if predictions else []
        chosen += ["--kind", kind] if kind != AUTO else []
        chosen += ["--classes", classes] if classes else []
        if parameters.get(self.THRESHOLD) is not None:
            threshold = self.parameterAsDouble(parameters, self.THRESHOLD, context)
            chosen += ["--threshold", str(threshold)]
        smallest = self.parameterAsInt(parameters, self.MIN_SIZE, context)
        smooth = self.parameterAsDouble(parameters, self.SIMPLIFY, context)
        chosen += ["--min-size", str(smallest)] if smallest else []
        chosen += ["--simplify", str(smooth)] if smooth else []
        for scene in self.parameterAsString(parameters, self.SCENE, context).split(","):
            chosen += ["--scene", scene.strip()] if scene.strip() else []
        return chosen
