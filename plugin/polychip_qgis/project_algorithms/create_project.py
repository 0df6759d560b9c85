# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:createproject: what the page New Labelling Project makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterVectorLayer,
    QgsProject,
    QgsVectorLayer,
)

from ..chip_algorithm import choice
from ..dock_settings import MODES
from ..drawing.classes import LabelClass, from_csv, from_recipe, values_of
from ..drawing.make import ProjectRequest, make_project
from ..drawing.names import EXTENT, LABELS, TASKS
from ..drawing.templates import TEMPLATES, template
from ..translation import tr
from .labelling import LabellingAlgorithm

FROM_FILE, FROM_FIELD, BY_CLASSES = "file", "field", "classes"


class CreateProjectAlgorithm(LabellingAlgorithm):
    """GeoPackage, task grid and recipe, without a window."""

    ID, PAGE = "createproject", "create-project"
    CLASSES, CLASS_FILE, MODE, REVIEW = "CLASSES", "CLASS_FILE", "MODE", "REVIEW"
    ADOPT, ADOPT_FIELD = "ADOPT", "ADOPT_FIELD"
    OUTPUT, RECIPE, COUNT = "OUTPUT", "RECIPE", "COUNT"
    LAYERS = ((LABELS, "LABELS"), (TASKS, "TASKS"), (EXTENT, "EXTENT"))

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Create labelling project")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("A GeoPackage for labels, a task grid and a recipe for images")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Writes what the page “New Labelling Project” writes: a GeoPackage with labels, "
            "extent and tasks, with classes and styles in it, and recipe.toml beside it, which "
            "“polychip run” takes as it is.\n\n"
            "Classes: a template, a file (a recipe, or a CSV with the column name, and if wanted "
            "code, color, thing), or the values of a field of the layer to begin with.\n\n"
            "Polygons of that layer are copied and marked as carried over."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        self.add_cells()
        names = (*(known.key for known in TEMPLATES), FROM_FILE, FROM_FIELD)
        self.addParameter(choice(self.CLASSES, tr("Classes"), names))
        self.addParameter(
            QgsProcessingParameterFile(
                self.CLASS_FILE, tr("Class list (recipe or CSV)"),
                QgsProcessingParameterFile.Behavior.File, "", None, True,
                "TOML, CSV (*.toml *.csv *.txt)",
            )
        )  # fmt: skip
        self.addParameter(choice(self.MODE, tr("Mode"), (BY_CLASSES, *MODES)))
        self.addParameter(
            QgsProcessingParameterVectorLayer(
                self.ADOPT, tr("Layer to begin with"),
                [QgsProcessing.SourceType.TypeVectorPolygon], None, True,
            )
        )  # fmt: skip
        field = QgsProcessingParameterField
        self.addParameter(
            field(
                self.ADOPT_FIELD, tr("Its class field"), None, self.ADOPT, field.DataType.Any,
                False, True,
            )
        )  # fmt: skip
        self.addParameter(
            QgsProcessingParameterBoolean(
                self.REVIEW, tr("Cells in review count as done"), False
            )
        )  # fmt: skip
        self.addParameter(
            QgsProcessingParameterFileDestination(
                self.OUTPUT, tr("GeoPackage"), "GeoPackage (*.gpkg)"
            )
        )
        for title, name in self.LAYERS:
            self.addOutput(QgsProcessingOutputVectorLayer(name, title))
        self.addOutput(QgsProcessingOutputFile(self.RECIPE, tr("Recipe")))
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of cells")))

    def work(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Write the files; nothing is added to the open project."""
        adopted = self.parameterAsVectorLayer(parameters, self.ADOPT, context)
        field = self.parameterAsString(parameters, self.ADOPT_FIELD, context)
        if adopted is not None and not field:
            raise QgsProcessingException(tr("Choose the field that holds each polygon’s class."))
        path = Path(self.parameterAsFileOutput(parameters, self.OUTPUT, context))
        layout = self.layout(parameters, context)
        try:
            classes, mode = self._classes(parameters, context, adopted, field)
            request = ProjectRequest(
                path, self.images(parameters, context), classes, mode, layout.size, layout.edge,
                self.parameterAsBool(parameters, self.REVIEW, context), adopted, field,
            )  # fmt: skip
            made = make_project(request, QgsProject())
        except OSError as error:
            text = tr("{path} cannot be written: {reason}")
            raise QgsProcessingException(text.format(path=path, reason=error)) from error
        feedback.pushInfo(tr("Cells: {count}").format(count=made.n_cells))
        if made.adopted is not None:
            feedback.pushInfo(
                tr(
                    "{count} polygons were taken over; left out: {no_class} without a class, "
                    "{no_area} without an area."
                ).format(
                    count=len(made.adopted.rows),
                    no_class=made.adopted.n_without_class,
                    no_area=made.adopted.n_without_area,
                )
            )
        return {
            self.OUTPUT: str(path),
            self.RECIPE: str(made.recipe),
            self.COUNT: made.n_cells,
            **{name: f"{path}|layername={layer}" for layer, name in self.LAYERS},
        }

    def _classes(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        adopted: QgsVectorLayer | None,
        field: str,
    ) -> tuple[list[LabelClass], str]:
        """(classes, mode)"""
        source = self.parameterAsEnumString(parameters, self.CLASSES, context)
        mode = self.parameterAsEnumString(parameters, self.MODE, context)
        if source == FROM_FILE:
            path = Path(self.parameterAsFile(parameters, self.CLASS_FILE, context))
            classes = from_recipe(path) if path.suffix.lower() == ".toml" else from_csv(path)
        elif source == FROM_FIELD:
            if adopted is None:
                raise QgsProcessingException(tr("Give the layer whose field names the classes."))
            classes = values_of(adopted, field)
        else:
            classes = list(template(source).classes)
        if mode == BY_CLASSES:
            known = {entry.key: entry.mode for entry in TEMPLATES}
            things = any(entry.thing for entry in classes)
            mode = known.get(source, "panoptic" if things else "semantic")
        return classes, mode
