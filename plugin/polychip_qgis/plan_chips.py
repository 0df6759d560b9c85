# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:planchips: what an export would give, and nothing written but the plan."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeatureSink,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSink,
    QgsWkbTypes,
)

from .chip_algorithm import ChipAlgorithm
from .chip_layer import planned_features, planned_fields
from .engine import Engine, EngineNotFoundError, find_engine, places
from .engine_command import ask_engine, is_cancelled
from .export_request import NEW, ExportRefusedError, ExportRequest, make_request, write_inputs
from .plan_grid import PlanGrid, plan_grids
from .snapshot import SnapshotCancelled
from .translation import tr


class PlanChipsAlgorithm(ChipAlgorithm):
    """The chips that an export would write, with their split and why others are left out."""

    ID, PAGE = "planchips", "plan-chips"
    EXACT, OUTPUT, COUNT, LEFT_OUT, SUMMARY = "EXACT", "OUTPUT", "COUNT", "LEFT_OUT", "SUMMARY"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Plan chips")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("What an export would give: chips, splits, classes, warnings")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Asks the engine what an export of these layers would give, and writes one polygon a "
            "chip with its split and, where a chip would be left out, the reason. Classes, counts "
            "and warnings are in the log. Nothing else is written.\n\n"
            "Without “Read the imagery” all pixels count as valid, which is quick; with it nothing "
            "is estimated.\n\n"
            "Split: none, blocks (of neighbouring chips), random, scene, or field:NAME of the "
            "labelled extent."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
        for parameter in self.add_inputs():
            parameter.setFlags(parameter.flags() | advanced)
            self.addParameter(parameter)
        self.addParameter(QgsProcessingParameterBoolean(self.EXACT, tr("Read the imagery"), False))
        self.addParameter(
            QgsProcessingParameterFeatureSink(
                self.OUTPUT, tr("Planned chips"), QgsProcessing.SourceType.TypeVectorPolygon
            )
        )
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of chips")))
        self.addOutput(QgsProcessingOutputNumber(self.LEFT_OUT, tr("Number of chips left out")))
        self.addOutput(QgsProcessingOutputString(self.SUMMARY, tr("Classes and their pixels")))

    def prepareAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,  # noqa: ARG002 - nothing takes long here
    ) -> bool:
        """Look at layers and engine on the main thread, to which the layers belong."""
        layers, settings = self.layers(parameters, context), self.settings(parameters, context)
        self._folder = tempfile.TemporaryDirectory(prefix="polychip-plan-")
        output = str(Path(self._folder.name) / "dataset")
        try:
            self._engine: Engine = find_engine(places())
            self._request: ExportRequest = make_request(
                layers, settings._replace(output=output), NEW
            )
        except (EngineNotFoundError, ExportRefusedError) as error:
            raise QgsProcessingException(str(error)) from error
        return True

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Plan and write the polygons; cancelling leaves nothing."""
        try:
            return self._planned(parameters, context, feedback)
        finally:
            self._folder.cleanup()

    def _planned(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        feedback.setProgressText(tr("Reading the labels…"))
        try:
            recipe = write_inputs(self._request, feedback).recipe
        except SnapshotCancelled:
            return {}
        except ExportRefusedError as error:
            raise QgsProcessingException(str(error)) from error
        feedback.setProgressText(tr("Planning…"))
        exact = self.parameterAsBoolean(parameters, self.EXACT, context)
        params = {"recipe": str(recipe), "chips": True, "exact": exact}
        answer = ask_engine(self._engine, "plan", params, feedback)
        if is_cancelled(answer):
            return {}
        if not answer.ok:
            raise QgsProcessingException(answer.message)
        report = answer.result["report"]
        [grid] = plan_grids(answer.result)
        target = self._write(parameters, context, grid)
        summary = _tell(report, feedback)
        left = sum(report["skipped"].values())
        return {
            self.OUTPUT: target,
            self.COUNT: report["chips"],
            self.LEFT_OUT: left,
            self.SUMMARY: summary,
        }

    def _write(
        self, parameters: dict[str, Any], context: QgsProcessingContext, grid: PlanGrid
    ) -> str:
        crs = QgsCoordinateReferenceSystem(self._request.crs)
        sink, target = self.parameterAsSink(
            parameters, self.OUTPUT, context, planned_fields(), QgsWkbTypes.Type.Polygon, crs
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, self.OUTPUT))
        for feature in planned_features(grid):
            if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                raise QgsProcessingException(self.writeFeatureError(sink, parameters, self.OUTPUT))
        return target


def _tell(report: dict[str, Any], feedback: QgsProcessingFeedback) -> str:
    """Write the report into the log; returns the classes as one line."""
    for note in report["notes"]:
        feedback.pushInfo(note)
    for warning in report["warnings"]:
        feedback.pushWarning(warning)
    for split, count in report["by_split"].items():
        feedback.pushInfo(f"{split}: {count}")
    for reason, count in report["skipped"].items():
        feedback.pushInfo(tr("left out: {reason}").format(reason=f"{reason}: {count}"))
    classes = [f"{entry['name']} {entry['pixels']} px" for entry in report["classes"]]
    summary = ", ".join(classes)
    feedback.pushInfo(summary)
    return summary
