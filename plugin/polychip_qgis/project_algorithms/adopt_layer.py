# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:adoptlayer: polygons of another layer into a labelling project."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterField,
    QgsProcessingParameterMatrix,
    QgsProcessingParameterVectorLayer,
)

from ..drawing.annotator import annotator
from ..drawing.edits import LabelEditor, Stroke
from ..drawing.geopackage import settle
from ..drawing.label_layers import classes_of
from ..drawing.names import CARRIED
from ..drawing.tally import Tally
from ..proposals.source import candidates, mapping_of, tool_of
from ..translation import tr
from .labelling import LabellingAlgorithm


class AdoptLayerAlgorithm(LabellingAlgorithm):
    """All at once what the palette proposes cell by cell."""

    ID, PAGE = "adoptlayer", "adopt-layer"
    INPUT, CLASS_FIELD, MAPPING, OVERLAP = "INPUT", "CLASS_FIELD", "MAPPING", "OVERLAP"
    COUNT, LEFT_OUT = "COUNT", "LEFT_OUT"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Adopt layer")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Polygons of another layer into a labelling project")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Copies polygons of a layer (last year’s map, buildings of OpenStreetMap) into the "
            "labels of a labelling project, in its CRS, and saves them. They are marked as "
            "carried over; the field “tool” says where they come from.\n\n"
            "Classes: pairs of a value of the class field and a class of the project; values "
            "that are not listed stand for the class of the same name, and those that name no "
            "class are left out, with a warning. Without a class field, one pair with an empty "
            "value gives the class of all.\n\n"
            "What is drawn already is not changed: new polygons stop at it, unless they may "
            "overlap."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        field = QgsProcessingParameterField
        self.addParameter(
            QgsProcessingParameterVectorLayer(self.INPUT, tr("Layer to adopt"), polygons)
        )
        self.addParameter(
            field(
                self.CLASS_FIELD, tr("Its class field (empty: one class for all)"), None,
                self.INPUT, field.DataType.Any, False, True,
            )
        )  # fmt: skip
        self.addParameter(
            QgsProcessingParameterMatrix(
                self.MAPPING, tr("Classes"), 1, False, [tr("Value"), tr("Class")], None, True
            )
        )
        self.add_project()
        self.addParameter(
            QgsProcessingParameterBoolean(
                self.OVERLAP, tr("Polygons may overlap what is drawn"), False
            )
        )
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Polygons taken over")))
        self.addOutput(QgsProcessingOutputNumber(self.LEFT_OUT, tr("Polygons left out")))

    def work(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Take them over, all or none; cancelling changes nothing."""
        layer = self.parameterAsVectorLayer(parameters, self.INPUT, context)
        if layer is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, self.INPUT))
        layers = self.project_layers(parameters, context)
        field = self.parameterAsString(parameters, self.CLASS_FIELD, context)
        labels, classes = layers.labels, classes_of(layers.labels)
        cells = [str(v) for v in self.parameterAsMatrix(parameters, self.MAPPING, context)]
        pairs = dict(zip(cells[0::2], cells[1::2]))
        mapping = mapping_of(layer, field, classes, pairs)
        found = candidates(layer, field, mapping, labels.crs())
        total = layer.featureCount()
        labels.startEditing()
        tally = Tally(labels)
        editor = LabelEditor(labels, tally.next_id)
        rule = "overlap" if self.parameterAsBool(parameters, self.OVERLAP, context) else "give_way"

        def strokes() -> Any:
            for n, candidate in enumerate(found, 1):
                feedback.setProgress(100.0 * n / max(1, total))
                if feedback.isCanceled():
                    return
                yield Stroke(
                    candidate.shape, candidate.name, rule, False, tool_of(layer.name()),
                    annotator(), "", CARRIED,
                )  # fmt: skip

        taken = editor.take_over(strokes(), tr("Adopt layer"))
        made = [fid for fid in taken if fid is not None]
        tally.stop()
        if feedback.isCanceled():
            labels.rollBack()
            return {self.COUNT: 0, self.LEFT_OUT: total}
        if not labels.commitChanges():
            reason = "; ".join(labels.commitErrors())
            raise QgsProcessingException(
                tr("{path} cannot be written: {reason}").format(
                    path=layers.geopackage, reason=reason
                )
            )
        settle(layers.geopackage)
        left_out = total - len(made)
        if left_out:
            feedback.pushWarning(
                tr("Left out, without a class, an area, or free ground: {n}").format(n=left_out)
            )
        return {self.COUNT: len(made), self.LEFT_OUT: left_out}
