# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:advise: semantic, instance or panoptic, with the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFileDestination,
)

from .label_algorithm import LabelAlgorithm
from .translation import tr

GOALS = ("mapping", "counting", "area", "change")


class AdviseAlgorithm(LabelAlgorithm):
    """Counts what these labels hold, and says which masks serve the goal."""

    ID, PAGE = "advise", "advise"
    GOAL, OUTPUT = "GOAL", "OUTPUT"
    STRATEGY, SIZE, STRIDE = "STRATEGY", "SIZE", "STRIDE"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Advise on a strategy")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Semantic, instance or panoptic masks? With the evidence")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Says whether to label for semantic, instance or panoptic masks, with figures from "
            "these very labels: objects that would melt together, hidden and tiny ones, which "
            "classes are things and which stuff, a chip size and stride, whether the pixels are "
            "small enough, the effort of drawing, and what would change the advice.\n\n"
            "The goal is how many (counting), how much (area), what became of each (change), or "
            "where (mapping). The page holds all of it with pictures."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        self.add_labels()
        self.add_imagery(tr("Imagery"), optional=False)
        self.addParameter(
            QgsProcessingParameterEnum(
                self.GOAL,
                tr("What the masks are for"),
                options=list(GOALS),
                defaultValue=GOALS[0],
                usesStaticStrings=True,
            )
        )
        self.add_recipe_and_figures()
        target = QgsProcessingParameterFileDestination
        self.addParameter(target(self.OUTPUT, tr("Advice"), "HTML (*.html)"))
        self.addOutput(QgsProcessingOutputString(self.STRATEGY, tr("Strategy")))
        self.addOutput(QgsProcessingOutputNumber(self.SIZE, tr("Chip size in pixels")))
        self.addOutput(QgsProcessingOutputNumber(self.STRIDE, tr("Stride in pixels")))

    def judge(
        self,
        labels: list[str],
        options: list[str],
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run `polychip advise`."""
        page = self.parameterAsFileOutput(parameters, self.OUTPUT, context)
        Path(page).parent.mkdir(parents=True, exist_ok=True)
        arguments = ["advise", *labels, *options, "--page", page, "--overwrite"]
        arguments += ["--goal", self.parameterAsEnumString(parameters, self.GOAL, context)]
        arguments += ["--image", *self.looked.images]
        document, results = self.figures(arguments, parameters, context, feedback)
        if document is None:
            return {}
        feedback.pushInfo(tr("Advice: {strategy}").format(strategy=document["strategy"]))
        for line in (*document["because"], *document["would_change"]):
            feedback.pushInfo(line)
        return results | {
            self.OUTPUT: page,
            self.STRATEGY: document["strategy"],
            self.SIZE: document["chip_size_px"],
            self.STRIDE: document["stride_px"],
        }
