# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:convertdataset: a dataset in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterString,
)

from .engine_algorithm import EngineAlgorithm
from .show_when_done import layer_uri, show_when_done
from .translation import tr

FORMATS = (
    "coco", "coco-panoptic", "yolo-seg", "yolo-semantic", "png", "voc", "cityscapes",
    "sen1floods11", "webdataset", "huggingface", "stac", "croissant", "tdml", "xbd", "spacenet8",
    "esri", "esri-rcnn", "gpkg",
)  # fmt: skip
"""As `polychip convert --to` names them; what each holds is in the README beside the result."""
CONVERSION = "conversion.json"
"""Written last into a converted dataset."""
GRID, GRID_FILE, GRID_LAYER = "gpkg", "chips.gpkg", "chips"


class ConvertDatasetAlgorithm(EngineAlgorithm):
    """COCO, YOLO, PNG, WebDataset, STAC, …, and the chip grid as a GeoPackage."""

    ID, PAGE = "convertdataset", "convert-dataset"
    DATASET, FORMAT, OPTIONS, REPLACE = "DATASET", "FORMAT", "OPTIONS", "REPLACE"
    BANDS, OUTPUT, COUNT, CHIPS = "BANDS", "OUTPUT", "COUNT", "CHIPS"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Convert dataset")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Write a dataset in another format")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Writes a dataset in another format: COCO, YOLO, Pascal VOC, Cityscapes, PNG, "
            "WebDataset, Hugging Face, STAC, Croissant and others. The dataset itself is not "
            "changed. A README in the new folder shows how it is loaded, and says what the format "
            "cannot hold.\n\n"
            "The format “gpkg” is the grid of chips as a GeoPackage for QGIS, with split and pixels "
            "by class; it is added to the map."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        file, text = QgsProcessingParameterFile, QgsProcessingParameterString
        self.addParameter(file(self.DATASET, tr("Dataset"), file.Behavior.Folder))
        self.addParameter(
            QgsProcessingParameterEnum(
                self.FORMAT,
                tr("Format"),
                options=list(FORMATS),
                defaultValue=FORMATS[0],
                usesStaticStrings=True,
            )
        )
        bands = text(self.BANDS, tr("Bands by number or name (empty: as the format has them)"))
        options = text(self.OPTIONS, tr("Options of the format, a line each: NAME=VALUE"))
        options.setMultiLine(True)
        for parameter in (bands, options):
            flag = QgsProcessingParameterDefinition.Flag
            parameter.setFlags(parameter.flags() | flag.FlagAdvanced | flag.FlagOptional)
            self.addParameter(parameter)
        replace = tr("Replace a converted dataset that is there")
        self.addParameter(QgsProcessingParameterBoolean(self.REPLACE, replace, False))
        target = QgsProcessingParameterFolderDestination
        self.addParameter(target(self.OUTPUT, tr("Converted dataset")))
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of chips")))
        self.addOutput(QgsProcessingOutputVectorLayer(self.CHIPS, tr("Chip grid")))

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run the engine; cancelling leaves nothing."""
        engine = self.found_engine()
        format_name = self.parameterAsEnumString(parameters, self.FORMAT, context)
        output = self.parameterAsString(parameters, self.OUTPUT, context)
        arguments = ["convert", self.parameterAsString(parameters, self.DATASET, context)]
        arguments += ["--to", format_name, "-o", output]
        bands = self.parameterAsString(parameters, self.BANDS, context).strip()
        arguments += ["--bands", bands] if bands else []
        for line in self.parameterAsString(parameters, self.OPTIONS, context).splitlines():
            arguments += ["--set", line.strip()] if line.strip() else []
        if self.parameterAsBoolean(parameters, self.REPLACE, context):
            arguments.append("--overwrite")
        elif (Path(output) / CONVERSION).is_file():
            text = tr("A converted dataset is in {folder}: tick “Replace”, or choose another.")
            raise QgsProcessingException(text.format(folder=output))
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        done = self.closing_event(engine, arguments, feedback)
        if done is None:
            return {}
        for reason, count in done.get("left_out", {}).items():
            feedback.pushWarning(tr("left out: {reason}").format(reason=f"{reason}: {count}"))
        results = {self.OUTPUT: output, self.COUNT: done.get("chips", 0)}
        if format_name == GRID:
            results[self.CHIPS] = layer_uri(str(Path(output) / GRID_FILE), GRID_LAYER)
            if context.project() is not None:
                show_when_done(context, results[self.CHIPS], tr("Chip grid"), self.CHIPS)
        return results
