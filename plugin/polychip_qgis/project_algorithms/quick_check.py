# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:quickcheck: what is wrong with labels, as a layer of problems."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterField,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterVectorLayer,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..algorithm import PolychipAlgorithm
from ..chip_algorithm import choice
from ..dock_settings import MODES
from ..drawing.label_layers import classes_of, file_of
from ..drawing.names import CLASS, INSTANCE, UUID
from ..drawing.tables import TableError
from ..fields import text_field
from ..quickchecks.catalogue import ERROR, WARNING
from ..quickchecks.checked import read_checked
from ..quickchecks.checker import Checker
from ..quickchecks.problem import Problem, in_order, whole_summary
from ..quickchecks.subject import Subject, mode_of, subject_of, tasks_beside
from ..translation import tr

AS_IN_RECIPE = "recipe"


class QuickCheckAlgorithm(PolychipAlgorithm):
    """The problem list of the plugin, without a window."""

    ID, PAGE = "quickcheck", "quick-checks"
    LABELS, CLASS_FIELD, INSTANCE_FIELD = "LABELS", "CLASS_FIELD", "INSTANCE_FIELD"
    IMAGERY, TASKS, EXTENT, MODE = "IMAGERY", "TASKS", "EXTENT", "MODE"
    ALSO_CHECKED, OUTPUT, COUNT = "ALSO_CHECKED", "OUTPUT", "COUNT"
    ERRORS, WARNINGS = "ERRORS", "WARNINGS"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Quick check of labels")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("What is wrong with labels, as a layer of problems")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Looks for invalid, empty, duplicate and overlapping polygons, spikes, slivers, "
            "polygons too small for a pixel, missing classes, shared instance ids, polygons off "
            "the image or on pixels without data, cells that are done and empty, and cells that "
            "hold labels and are not done.\n\n"
            "Ids and words of the checks are those of “polychip check”, which knows more of "
            "them.\n\n"
            "Without imagery nothing is compared with pixels. Classes come from the style of a "
            "labelling project. Cells are those of the task layer; left empty, those of the "
            "labels’ own GeoPackage. Overlaps of different classes are told in semantic mode "
            "alone; left at “recipe”, the mode is that of the recipe.toml beside the labels.\n\n"
            "What somebody has marked as checked is left out unless it is asked for."
        )

    def flags(self) -> Any:
        """Layers of the project are read as they are, so it runs on the main thread."""
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        vector, field = QgsProcessingParameterVectorLayer, QgsProcessingParameterField
        any_type = field.DataType.Any
        self.addParameter(vector(self.LABELS, tr("Labels"), polygons))
        for name, text, default in (
            (self.CLASS_FIELD, tr("Class field"), CLASS),
            (self.INSTANCE_FIELD, tr("Instance field (empty: objects are not told apart)"), ""),
        ):
            self.addParameter(
                field(name, text, default or INSTANCE, self.LABELS, any_type, False, not default)
            )
        self.addParameter(
            QgsProcessingParameterMultipleLayers(
                self.IMAGERY, tr("Imagery"), QgsProcessing.SourceType.TypeRaster, None, True
            )
        )
        self.addParameter(vector(self.TASKS, tr("Task layer"), polygons, None, True))
        self.addParameter(vector(self.EXTENT, tr("Labelled extent"), polygons, None, True))
        self.addParameter(choice(self.MODE, tr("Mode"), (AS_IN_RECIPE, *MODES)))
        self.addParameter(
            QgsProcessingParameterBoolean(
                self.ALSO_CHECKED, tr("Also what was marked as checked"), False
            )
        )
        self.addParameter(
            QgsProcessingParameterFeatureSink(
                self.OUTPUT, tr("Problems"), QgsProcessing.SourceType.TypeVectorPolygon
            )
        )
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of problems")))
        self.addOutput(QgsProcessingOutputNumber(self.ERRORS, tr("Number of errors")))
        self.addOutput(QgsProcessingOutputNumber(self.WARNINGS, tr("Number of warnings")))

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Look at every feature; cancelling leaves the list unfinished."""
        labels = self.parameterAsVectorLayer(parameters, self.LABELS, context)
        if labels is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, self.LABELS))
        subject = self._subject(parameters, context, labels)
        for text in subject.left_out:
            feedback.pushWarning(text)
        sink, target = self.parameterAsSink(
            parameters, self.OUTPUT, context, problem_fields(), QgsWkbTypes.Type.MultiPolygon,
            labels.crs(),
        )  # fmt: skip
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, self.OUTPUT))
        checker = Checker(subject)
        for done, total in checker.look_at_all():
            if feedback.isCanceled():
                break
            feedback.setProgress(100.0 * done / max(1, total))
        problems = in_order(checker.problems())
        if not self.parameterAsBool(parameters, self.ALSO_CHECKED, context):
            checked = _checked(labels)
            problems = [problem for problem in problems if problem.mark not in checked]
        for problem in problems:
            feature = problem_feature(problem, checker)
            if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                raise QgsProcessingException(self.writeFeatureError(sink, parameters, self.OUTPUT))
        del sink  # closes the file
        feedback.pushInfo(whole_summary(problems))
        count = len(problems)
        errors, warnings = (sum(p.severity == s for p in problems) for s in (ERROR, WARNING))
        return {
            self.OUTPUT: target, self.COUNT: count, self.ERRORS: errors, self.WARNINGS: warnings,
        }  # fmt: skip

    def _subject(
        self, parameters: dict[str, Any], context: QgsProcessingContext, labels: QgsVectorLayer
    ) -> Subject:
        class_field = self.parameterAsString(parameters, self.CLASS_FIELD, context)
        if labels.fields().lookupField(class_field) < 0:
            raise QgsProcessingException(
                tr("“{name}” has no field “{field}”.").format(name=labels.name(), field=class_field)
            )
        mode = self.parameterAsEnumString(parameters, self.MODE, context)
        tasks = self.parameterAsVectorLayer(parameters, self.TASKS, context)
        return subject_of(
            labels,
            class_field,
            self.parameterAsString(parameters, self.INSTANCE_FIELD, context),
            UUID,
            classes_of(labels),
            mode_of(file_of(labels)) if mode == AS_IN_RECIPE else mode,
            self.parameterAsLayerList(parameters, self.IMAGERY, context),
            tasks if tasks is not None else tasks_beside(labels),
            self.parameterAsVectorLayer(parameters, self.EXTENT, context),
        )


def problem_fields() -> QgsFields:
    """Of the layer of problems; what `polychip check -o` writes, and the marks of `checked`."""
    fields = QgsFields()
    for name in ("check", "severity", "label", "other", "message", "measure"):
        fields.append(text_field(name))
    return fields


def problem_feature(problem: Problem, checker: Checker) -> QgsFeature:
    """A problem with the polygon that it is of, or the cell."""
    feature = QgsFeature(problem_fields())
    row = checker.row(problem.fid) if problem.fid is not None else None
    where = problem.where
    if where.type() != QgsWkbTypes.GeometryType.PolygonGeometry and row is not None:
        where = row.geometry
    if not where.isNull():
        shape = QgsGeometry(where)
        shape.convertToMultiType()
        feature.setGeometry(shape)
    mark = problem.mark
    feature.setAttributes(
        [mark.check, problem.severity, mark.key, mark.other, problem.message, mark.measure]
    )
    return feature


def _checked(labels: QgsVectorLayer) -> set:
    path = file_of(labels)
    if path.suffix.lower() != ".gpkg" or not path.exists():
        return set()
    try:
        return read_checked(path)
    except TableError as error:
        raise QgsProcessingException(str(error)) from error
