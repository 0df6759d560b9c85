# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:verifydataset: the engine's proof that a dataset is right."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
)

from .engine_algorithm import EngineAlgorithm
from .translation import tr


class VerifyDatasetAlgorithm(EngineAlgorithm):
    """Files, checksums, alignment, values, leakage, and the labels burned again."""

    ID, PAGE = "verifydataset", "verify-dataset"
    DATASET, ALL, OK, PROBLEMS, MESSAGES = "DATASET", "ALL", "OK", "PROBLEMS", "MESSAGES"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Verify dataset")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Prove that a dataset of training chips is right")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Checks a dataset: files and checksums, alignment of image and mask, values, leakage "
            "between splits, and the labels burned again by another way. Each check is a line in "
            "the log; nothing is changed.\n\n"
            "OK is false when a check has failed, and PROBLEMS counts them. What cannot be "
            "checked, because a source has moved, is said."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        file = QgsProcessingParameterFile
        self.addParameter(file(self.DATASET, tr("Dataset"), file.Behavior.Folder))
        every = tr("Burn the labels of every chip again, not only of a sample")
        self.addParameter(QgsProcessingParameterBoolean(self.ALL, every, False))
        self.addOutput(QgsProcessingOutputBoolean(self.OK, tr("All is right")))
        self.addOutput(QgsProcessingOutputNumber(self.PROBLEMS, tr("Number of failed checks")))
        self.addOutput(QgsProcessingOutputString(self.MESSAGES, tr("What failed")))

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run the engine and tell its verdict; cancelling ends it."""
        engine = self.found_engine()
        arguments = ["verify", self.parameterAsString(parameters, self.DATASET, context)]
        if self.parameterAsBoolean(parameters, self.ALL, context):
            arguments.append("--all")
        verdict = self.document(engine, arguments, feedback)
        if verdict is None:
            return {}
        checks = verdict["checks"]
        failed = [check for check in checks if check["ok"] is False]
        for check in checks:
            line = f"{check['id']}: {check['message']}"
            if check in failed:
                feedback.reportError(line)
            else:
                feedback.pushInfo(line)
        messages = "\n".join(check["message"] for check in failed)
        return {self.OK: not failed, self.PROBLEMS: len(failed), self.MESSAGES: messages}
