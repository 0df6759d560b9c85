# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:exportchips: what the dock's Export does, in the toolbox and headless."""

from __future__ import annotations

import os
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingMultiStepFeedback,
    QgsProcessingOutputFile,
    QgsProcessingOutputHtml,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFolderDestination,
)
from qgis.PyQt.QtCore import QEventLoop, QTimer

from .chip_algorithm import ChipAlgorithm, choice
from .engine import Engine, EngineNotFoundError, find_engine, places
from .engine_run import CANCELLED, EngineRun, Progress, RunOutcome
from .export_request import (
    WAYS,
    ExportRefusedError,
    ExportRequest,
    make_request,
    write_inputs,
)
from .former_files import settle
from .progress_panel import progress_text
from .snapshot import SnapshotCancelled
from .translation import tr

_POLL_MS = 100
"""Between two looks at the user's wish to cancel."""
_STEPS = 10
"""Reading the labels is the first of so many, the engine's work the others."""


class ExportChipsAlgorithm(ChipAlgorithm):
    """From raster and polygon layers to a dataset of training chips."""

    ID, PAGE = "exportchips", "export-chips"
    EXISTING = "EXISTING"
    OUTPUT, RECIPE, PREVIEW, COUNT = "OUTPUT", "RECIPE", "PREVIEW", "COUNT"
    REPORT = "REPORT"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Export chips")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Training chips and masks from a raster and polygons")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Cuts a raster into chips and burns the polygons into masks that agree with them at "
            "every pixel centre. Labels and extent are exported as they are seen: with unsaved "
            "edits, filters and joins.\n\n"
            "Beside the dataset’s folder two files are kept: the labels as they were seen "
            "(-labels.gpkg) and the recipe (-recipe.toml), with which “polychip run” builds the "
            "dataset again without QGIS.\n\n"
            "A dataset that is already there is left alone, unless you choose to resume or to "
            "replace it. The engine is set up in Settings ▸ Options ▸ Polychip."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        stride, edge = self.add_inputs()
        for parameter in (
            stride,
            edge,
            choice(self.EXISTING, tr("If a dataset is already there (new: stop)"), WAYS),
        ):
            advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
            parameter.setFlags(parameter.flags() | advanced)
            self.addParameter(parameter)
        self.addParameter(QgsProcessingParameterFolderDestination(self.OUTPUT, tr("Dataset")))
        self.addOutput(QgsProcessingOutputFile(self.RECIPE, tr("Recipe")))
        self.addOutput(QgsProcessingOutputFile(self.PREVIEW, tr("Preview")))
        self.addOutput(QgsProcessingOutputHtml(self.REPORT, tr("Report")))
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of chips")))

    def prepareAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,  # noqa: ARG002 - nothing takes long here
    ) -> bool:
        """Look at layers and engine on the main thread, to which the layers belong."""
        layers = self.layers(parameters, context)
        settings = self.settings(parameters, context)
        settings = settings._replace(
            output=os.path.abspath(self.parameterAsString(parameters, self.OUTPUT, context))
        )
        way = self.parameterAsEnumString(parameters, self.EXISTING, context)
        try:
            self._engine: Engine = find_engine(places())
            self._request: ExportRequest = make_request(layers, settings, way)
        except (EngineNotFoundError, ExportRefusedError) as error:
            raise QgsProcessingException(str(error)) from error
        return True

    def processAlgorithm(
        self,
        parameters: dict[str, Any],  # noqa: ARG002 - read in prepareAlgorithm
        context: QgsProcessingContext,  # noqa: ARG002
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Write the snapshot, run the engine; cancelling keeps what is finished."""
        feedback.setProgressText(tr("Reading the labels…"))
        try:
            write_inputs(self._request, QgsProcessingMultiStepFeedback(_STEPS, feedback))
        except SnapshotCancelled:
            return {}
        except ExportRefusedError as error:
            raise QgsProcessingException(str(error)) from error
        outcome = run_and_wait(self._request, self._engine, feedback)
        settle(self._request.paths)
        if outcome.kind == CANCELLED:
            feedback.pushInfo(tr("Export cancelled. What is finished is kept and can be resumed."))
            return {}
        if not outcome.ok:
            feedback.pushDebugInfo(outcome.output)
            raise QgsProcessingException(outcome.message)
        for chip, why in outcome.summary.get("failed", {}).items():
            feedback.reportError(f"{chip}: {why}")
        paths = self._request.paths
        return {
            self.OUTPUT: str(paths.output),
            self.RECIPE: str(paths.recipe),
            self.PREVIEW: str(paths.output / "preview.png"),
            self.REPORT: str(paths.output / "report.html"),
            self.COUNT: outcome.summary.get("chips", 0),
        }


def run_and_wait(
    request: ExportRequest, engine: Engine, feedback: QgsProcessingFeedback
) -> RunOutcome:
    """Run the engine with an event loop of this thread's own, until it has ended."""
    outcomes: list[RunOutcome] = []
    loop, run = QEventLoop(), EngineRun()

    def show(progress: Progress) -> None:
        share = progress.done / max(1, progress.total)
        feedback.setProgress(100.0 * (1 + share * (_STEPS - 1)) / _STEPS)
        feedback.setProgressText(progress_text(progress))

    def end(outcome: RunOutcome) -> None:
        outcomes.append(outcome)
        loop.quit()

    run.progressed.connect(show)
    run.noted.connect(feedback.pushInfo)
    run.warned.connect(feedback.pushWarning)
    run.finished.connect(end)
    poll = QTimer()
    poll.setInterval(_POLL_MS)
    poll.timeout.connect(lambda: run.cancel() if feedback.isCanceled() else None)
    poll.start()
    run.start(engine, request.arguments(), request.paths.output.parent)
    if not outcomes:  # else it could not even be started
        loop.exec()
    poll.stop()
    return outcomes[0]
