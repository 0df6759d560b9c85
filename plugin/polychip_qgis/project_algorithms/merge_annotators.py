# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:mergeannotators: annotators' files back into one project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterMultipleLayers,
)

from ..drawing.annotator_files import merge_files
from ..drawing.geopackage import settle
from ..drawing.session import LabelSession
from ..translation import tr
from .labelling import LabellingAlgorithm


class MergeAnnotatorsAlgorithm(LabellingAlgorithm):
    """What More, Merge Annotators' Files does, and saves."""

    ID, PAGE = "mergeannotators", "merge-annotators"
    FILES = "FILES"
    ADDED, CHANGED, CELLS, RENUMBERED, MISSING = (
        "ADDED", "CHANGED", "CELLS", "RENUMBERED", "MISSING",
    )  # fmt: skip

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Merge annotators’ files")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Copies that annotators have worked on, back into the labelling project")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Takes the files that were written for annotators back into the project’s "
            "GeoPackage, and saves: newer polygons and cells win, object ids that collide are "
            "made anew. Polygons that a file no longer has are kept and counted as missing."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        self.add_project()
        self.addParameter(
            QgsProcessingParameterMultipleLayers(
                self.FILES, tr("Annotators’ files"), QgsProcessing.SourceType.TypeFile
            )
        )
        for name, text in (
            (self.ADDED, tr("New polygons")),
            (self.CHANGED, tr("Changed polygons")),
            (self.CELLS, tr("Changed cells")),
            (self.RENUMBERED, tr("Ids made anew")),
            (self.MISSING, tr("Polygons that a file no longer has")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, text))

    def work(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Merge and save; an error leaves the project as it was."""
        layers = self.project_layers(parameters, context)
        names = self.parameterAsFileList(parameters, self.FILES, context)
        paths = [Path(name.split("|")[0]) for name in names]
        if not paths:
            raise QgsProcessingException(tr("Give at least one file."))
        session = LabelSession(layers)
        try:
            merged = merge_files(session, paths)
            problems = session.save()
        finally:
            for layer in layers.all:
                if layer.isEditable():
                    layer.rollBack()
            session.stop()
        if problems:
            raise QgsProcessingException("\n".join(problems))
        settle(layers.geopackage)
        feedback.setProgress(100)
        if merged.missing:
            feedback.pushWarning(
                tr("Polygons that a file no longer has, kept: {n}").format(n=len(merged.missing))
            )
        return {
            self.ADDED: merged.n_added, self.CHANGED: merged.n_changed,
            self.CELLS: merged.n_cells, self.RENUMBERED: merged.n_renumbered,
            self.MISSING: len(merged.missing),
        }  # fmt: skip
