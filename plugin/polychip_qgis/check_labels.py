# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:check: faults of labels as a layer of problems."""

from __future__ import annotations

from collections import Counter
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterNumber,
    QgsProcessingParameterVectorDestination,
    QgsProcessing,
)

from .label_algorithm import LabelAlgorithm
from .show_when_done import layer_uri, show_when_done
from .translation import tr

POINTS, AREAS = "problems", "problem_areas"
"""Layers of the engine's GeoPackage."""
SEVERITIES = ("error", "warning", "info")


class CheckAlgorithm(LabelAlgorithm):
    """Geometry, topology, attributes, place, registration, balance."""

    ID, PAGE = "check", "check"
    GAP, SIZE, OUTPUT, PROBLEM_AREAS = "GAP", "SIZE", "OUTPUT", "PROBLEM_AREAS"
    ERRORS, WARNINGS = "ERRORS", "WARNINGS"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Check labels")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Look for faults in labels")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Looks for faults in labels as you see them, unsaved edits too: geometry, overlaps and "
            "gaps, classes and object ids, place, a shift between labels and image, balance. The "
            "problems become a layer, each with its severity, a sentence, and what to do; the field "
            "“source_fid” is the polygon’s id in QGIS.\n\n"
            "Without imagery, place and registration are not checked. Nothing is changed."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        self.add_labels()
        self.add_imagery(tr("Imagery"), optional=True)
        self.add_extent()
        number, flag = QgsProcessingParameterNumber, QgsProcessingParameterDefinition.Flag
        gap = tr("Gaps between neighbours narrower than this are problems, in pixels")
        size = tr("Side of the chips in which objects are counted, in pixels")
        for parameter in (
            number(self.GAP, gap, number.Type.Double, 0.5, False, 0.0),
            number(self.SIZE, size, number.Type.Integer, 512, False, 1),
        ):
            parameter.setFlags(parameter.flags() | flag.FlagAdvanced)
            self.addParameter(parameter)
        self.add_recipe_and_figures()
        target = QgsProcessingParameterVectorDestination
        points = QgsProcessing.SourceType.TypeVectorPoint
        self.addParameter(target(self.OUTPUT, tr("Problems"), points))
        self.addOutput(QgsProcessingOutputVectorLayer(self.PROBLEM_AREAS, tr("Problem areas")))
        self.addOutput(QgsProcessingOutputNumber(self.ERRORS, tr("Number of errors")))
        self.addOutput(QgsProcessingOutputNumber(self.WARNINGS, tr("Number of warnings")))

    def judge(
        self,
        labels: list[str],
        options: list[str],
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run `polychip check`."""
        path, wanted = self.geopackage_target(parameters, self.OUTPUT, context)
        arguments = ["check", *labels, *options, "-o", path, "--overwrite"]
        arguments += ["--gap", str(self.parameterAsDouble(parameters, self.GAP, context))]
        arguments += ["--size", str(self.parameterAsInt(parameters, self.SIZE, context))]
        arguments += ["--image", *self.looked.images] if self.looked.images else []
        document, results = self.figures(arguments, parameters, context, feedback)
        if document is None:
            return {}
        counts = Counter((p["severity"], p["check"]) for p in document["problems"])
        for (severity, check), count in sorted(
            counts.items(), key=lambda item: (SEVERITIES.index(item[0][0]), item[0][1])
        ):
            line = f"{check}: {count}"
            {"error": feedback.reportError, "warning": feedback.pushWarning}.get(
                severity, feedback.pushInfo
            )(line)
        results |= {
            self.OUTPUT: layer_uri(path, POINTS),
            self.PROBLEM_AREAS: layer_uri(path, AREAS),
            self.ERRORS: document["counts"]["error"],
            self.WARNINGS: document["counts"]["warning"],
        }
        if wanted:
            areas = (results[self.PROBLEM_AREAS], tr("Problem areas"), self.PROBLEM_AREAS)
            show_when_done(context, *areas)
            show_when_done(context, results[self.OUTPUT], tr("Problems"), self.OUTPUT)
        return results
