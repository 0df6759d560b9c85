# SPDX-License-Identifier: GPL-2.0-or-later
"""What the algorithms that judge labels ask for, and the labels as seen for the engine."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterVectorLayer,
    QgsVectorLayer,
)

from .engine import Engine
from .engine_algorithm import EngineAlgorithm
from .raster_grid import NoPixelGridError, image_of
from .recipe import EXTENT, LABELS, SOURCE_FID
from .snapshot import SeenLayer, SnapshotCancelled, SnapshotError, see, write_snapshot
from .translation import tr

POLYGONS = QgsProcessing.SourceType.TypeVectorPolygon


class Looked(NamedTuple):
    """What was looked at on the main thread, to which layers belong."""

    engine: Engine
    seen: list[SeenLayer]
    """The label layers."""
    extent: SeenLayer | None
    images: list[str]
    """As the engine opens them."""


class LabelAlgorithm(EngineAlgorithm):
    """One label layer, or several, with class, objects, imagery and extent."""

    LABELS, CLASS_FIELD, INSTANCE_FIELD = "LABELS", "CLASS_FIELD", "INSTANCE_FIELD"
    IMAGERY, EXTENT, RECIPE, FIGURES = "IMAGERY", "EXTENT", "RECIPE", "FIGURES"

    def add_labels(self) -> None:
        """One layer with its fields."""
        vector, field = QgsProcessingParameterVectorLayer, QgsProcessingParameterField
        self.addParameter(vector(self.LABELS, tr("Labels"), [POLYGONS]))
        for name, text in (
            (self.CLASS_FIELD, tr("Class field")),
            (
                self.INSTANCE_FIELD,
                tr("Instance field (empty: every polygon is an object of its own)"),
            ),
        ):
            self.addParameter(
                field(name, text, None, self.LABELS, field.DataType.Any, False, True)
            )

    def add_imagery(self, text: str, *, optional: bool) -> None:
        """One or several images."""
        rasters = QgsProcessing.SourceType.TypeRaster
        several = QgsProcessingParameterMultipleLayers
        self.addParameter(several(self.IMAGERY, text, rasters, None, optional))

    def add_extent(self) -> None:
        """What was looked at."""
        vector = QgsProcessingParameterVectorLayer
        text = tr("Labelled extent (empty: whole image)")
        self.addParameter(vector(self.EXTENT, text, [POLYGONS], None, True))

    def add_recipe_and_figures(self) -> None:
        """Advanced: a recipe for its classes; the figures as a file."""
        advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
        file, target = QgsProcessingParameterFile, QgsProcessingParameterFileDestination
        recipe = file(
            self.RECIPE, tr("Recipe, for its classes"), extension="toml", optional=True
        )
        figures = target(self.FIGURES, tr("Figures"), "JSON (*.json)", None, True, False)
        for parameter in (recipe, figures):
            parameter.setFlags(parameter.flags() | advanced)
            self.addParameter(parameter)

    def label_layers(self, parameters: dict[str, Any], context: Any) -> list[QgsVectorLayer]:
        """The layers that are judged."""
        layer = self.parameterAsVectorLayer(parameters, self.LABELS, context)
        if layer is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, self.LABELS))
        return [layer]

    def prepareAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,  # noqa: ARG002 - nothing takes long here
    ) -> bool:
        """Look at layers and engine on the main thread."""
        layers = self.label_layers(parameters, context)
        self._check_fields(layers, parameters, context)
        extent = self._optional_layer(parameters, self.EXTENT, context)
        images = self.parameterAsLayerList(parameters, self.IMAGERY, context)
        try:
            self.looked = Looked(
                self.found_engine(),
                [see(layer) for layer in layers],
                see(extent) if extent is not None else None,
                [image_of(image) for image in images],
            )
        except (SnapshotError, NoPixelGridError) as error:
            raise QgsProcessingException(str(error)) from error
        return True

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Write the labels as they are seen, then ask the engine; cancelling gives nothing."""
        with tempfile.TemporaryDirectory(prefix="polychip-labels-") as folder:
            feedback.setProgressText(tr("Reading the labels…"))
            try:
                labels, options = self._written(Path(folder), parameters, context, feedback)
            except SnapshotCancelled:
                return {}
            except (SnapshotError, OSError) as error:
                raise QgsProcessingException(str(error)) from error
            feedback.setProgressText(tr("The engine is at work…"))
            return self.judge(labels, options, parameters, context, feedback)

    def judge(
        self,
        labels: list[str],
        options: list[str],
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run the command; in the subclass.

        Args:
            labels: FILE|LAYER of each snapshot.
            options: of the engine, from the inputs that all share.
        """
        raise NotImplementedError

    def figures(
        self,
        arguments: list[str],
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """(the command's document, None when cancelled; the output FIGURES if it is wanted)"""
        document = self.document(self.looked.engine, arguments, feedback)
        path = self.parameterAsFileOutput(parameters, self.FIGURES, context)
        if document is None or not path:
            return document, {}
        Path(path).write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        return document, {self.FIGURES: path}

    def _written(
        self, folder: Path, parameters: dict[str, Any], context: Any, feedback: Any
    ) -> tuple[list[str], list[str]]:
        """(FILE|LAYER of each snapshot, options)"""
        labels, options = [], []
        for number, seen in enumerate(self.looked.seen):
            path = folder / f"labels-{number}.gpkg"
            layers = {LABELS: seen}
            if number == 0 and self.looked.extent is not None:
                layers[EXTENT] = self.looked.extent
                options += ["--extent", _engine_layer(path, EXTENT)]
            snapshot = write_snapshot(path, layers, feedback)
            labels.append(_engine_layer(path, LABELS))
            if number == 0:
                options += self._field_options(snapshot.label_fields, parameters, context)
        recipe = self.parameterAsString(parameters, self.RECIPE, context)
        options += ["--schema", recipe] if recipe else []
        return labels, options

    def _field_options(
        self, names: dict[str, str], parameters: dict[str, Any], context: Any
    ) -> list[str]:
        options = ["--id-field", SOURCE_FID]
        for name, option in (
            (self.CLASS_FIELD, "--class-field"),
            (self.INSTANCE_FIELD, "--instance-field"),
        ):
            field = self.parameterAsString(parameters, name, context)
            options += [option, names[field]] if field else []
        return options

    def _check_fields(
        self, layers: list[QgsVectorLayer], parameters: dict[str, Any], context: Any
    ) -> None:
        for name in (self.CLASS_FIELD, self.INSTANCE_FIELD):
            field = self.parameterAsString(parameters, name, context)
            for layer in layers if field else ():
                if layer.fields().lookupField(field) < 0:
                    text = tr("“{name}” has no field “{field}”.")
                    raise QgsProcessingException(text.format(name=layer.name(), field=field))

    def _optional_layer(self, parameters: dict[str, Any], name: str, context: Any) -> Any:
        layer = self.parameterAsVectorLayer(parameters, name, context)
        if layer is None and parameters.get(name):
            raise QgsProcessingException(self.invalidSourceError(parameters, name))
        return layer


def _engine_layer(path: Path, layer: str) -> str:
    """How the engine names a layer of a file."""
    return f"{path}|{layer}"
