# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:report: a dataset on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
)

from .engine_algorithm import EngineAlgorithm
from .engine_command import run_command
from .translation import tr


class ReportAlgorithm(EngineAlgorithm):
    """Pictures, map, classes, splits, bands and warnings, as HTML that needs no network."""

    ID, PAGE = "report", "report"
    DATASET, QUALITY, OUTPUT = "DATASET", "QUALITY", "OUTPUT"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Report on dataset")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("A dataset on one page: pictures, map, classes, splits")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Makes one page about a dataset that opens in any browser without a network: chips with "
            "their masks, a map of chips and splits, classes and sizes, skips with their reasons, "
            "warnings, bands, and how it is loaded.\n\n"
            "The figures (JSON) of “Check labels”, “Agreement of annotators” and “Advise on a "
            "strategy” can be put into it."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters."""
        file = QgsProcessingParameterFile
        self.addParameter(file(self.DATASET, tr("Dataset"), file.Behavior.Folder))
        figures = QgsProcessingParameterMultipleLayers(
            self.QUALITY, tr("Figures of quality (JSON)"), QgsProcessing.SourceType.TypeFile
        )
        figures.setFlags(figures.flags() | figures.Flag.FlagOptional)
        self.addParameter(figures)
        target = QgsProcessingParameterFileDestination
        self.addParameter(target(self.OUTPUT, tr("Report"), "HTML (*.html)"))

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run the engine."""
        engine = self.found_engine()
        page = self.parameterAsFileOutput(parameters, self.OUTPUT, context)
        Path(page).parent.mkdir(parents=True, exist_ok=True)
        arguments = ["report", self.parameterAsString(parameters, self.DATASET, context)]
        arguments += ["-o", page]
        chosen = self.parameterAsFileList(parameters, self.QUALITY, context)
        for figures in filter(None, chosen):  # QGIS gives an empty name where none was chosen
            arguments += ["--quality", figures]
        result = run_command(engine, arguments, feedback)
        if result.cancelled:
            return {}
        if result.code != 0:
            raise QgsProcessingException(result.words())
        feedback.pushInfo(result.output.strip())
        return {self.OUTPUT: page}
