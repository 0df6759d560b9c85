# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithm polychip:prelabel: polygons of what a threshold on a band index picks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsFeatureSink,
    QgsFields,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsRasterLayer,
    QgsWkbTypes,
)

from ..algorithm import PolychipAlgorithm
from ..drawing.names import CELL, CLASS, SOURCE, STATUS, TODO, TOOL
from ..fields import text_field
from ..prelabels.bands import indices
from ..prelabels.convert import Cell, Wanted, prelabels
from ..prelabels.formula import FormulaError, parse
from ..prelabels.panel import FILL_PX, LEAST_PX
from ..prelabels.pixels import Dates, PixelError, histogram_of, image_for
from ..prelabels.threshold import Rule, otsu, rounded
from ..prelabels.view import to_image
from ..raster_grid import NoPixelGridError
from ..translation import tr


class Place(NamedTuple):
    """A cell in the image's CRS."""

    name: str
    shape: QgsGeometry


class PrelabelAlgorithm(PolychipAlgorithm):
    """What the palette makes cell by cell, into a layer of its own."""

    ID, PAGE = "prelabel", "pre-labels"
    IMAGE, OTHER, FORMULA, THRESHOLD = "IMAGE", "OTHER", "FORMULA", "THRESHOLD"
    BELOW, ONLY_NEW, CLASS = "BELOW", "ONLY_NEW", "CLASS"
    LEAST, FILL, SMOOTH = "SMALLEST", "FILL_HOLES", "SMOOTH"
    CELLS, LABELS, OUTPUT, COUNT, USED = "CELLS", "LABELS", "OUTPUT", "COUNT", "USED_THRESHOLD"

    def displayName(self) -> str:
        """The name in the toolbox."""
        return tr("Pre-label by threshold")

    def shortDescription(self) -> str:
        """The tooltip in the toolbox."""
        return tr("Polygons of what a threshold on a band index picks")

    def shortHelpString(self) -> str:
        """The text beside the parameters."""
        return tr(
            "Reckons an index of an image’s bands, picks the pixels on one side of a threshold "
            "and writes them as polygons, with class, tool (index and threshold), source image "
            "and cell.\n\n"
            "The index is NDWI, MNDWI, NDVI, VV/VH or a formula: bands by number (b1) or name "
            "(green, nir, swir, vv), other.b1 for the other date. Left empty, the threshold is "
            "Otsu’s of the whole image.\n\n"
            "With a layer of cells there are pre-labels in those alone; of a task layer in those "
            "that are still to do. Polygons stop at labels that are there already, and share "
            "their border.\n\n"
            "“Adopt layer” takes the polygons into a labelling project."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The parameters and outputs."""
        raster, number = QgsProcessingParameterRasterLayer, QgsProcessingParameterNumber
        text, yes = QgsProcessingParameterString, QgsProcessingParameterBoolean
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        whole, real = number.Type.Integer, number.Type.Double
        for parameter in (
            raster(self.IMAGE, tr("Image")),
            raster(self.OTHER, tr("The other date"), None, True),
            text(self.FORMULA, tr("Index or formula"), "NDWI"),
            number(self.THRESHOLD, tr("Threshold (empty: Otsu’s)"), real, None, True),
            yes(self.BELOW, tr("Values below the threshold, not above"), False),
            yes(self.ONLY_NEW, tr("Not on the other date"), False),
            text(self.CLASS, tr("Class"), "water"),
            number(self.LEAST, tr("Smallest region in pixels"), whole, LEAST_PX, False, 0),
            number(self.FILL, tr("Fill holes of up to so many pixels"), whole, FILL_PX, False, 0),
            yes(self.SMOOTH, tr("Smooth"), True),
            QgsProcessingParameterFeatureSource(
                self.CELLS, tr("Cells (empty: the whole image)"), polygons, None, True
            ),
            QgsProcessingParameterFeatureSource(
                self.LABELS, tr("Labels that are there already"), polygons, None, True
            ),
            QgsProcessingParameterFeatureSink(
                self.OUTPUT, tr("Pre-labels"), QgsProcessing.SourceType.TypeVectorPolygon
            ),
        ):
            self.addParameter(parameter)
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of polygons")))
        self.addOutput(QgsProcessingOutputNumber(self.USED, tr("Threshold")))

    def prepareAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,  # noqa: ARG002
    ) -> bool:
        """Rasters are looked at on the main thread."""
        now = self.parameterAsRasterLayer(parameters, self.IMAGE, context)
        if now is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.IMAGE))
        other = self.parameterAsRasterLayer(parameters, self.OTHER, context)
        self._dates = _dates(now, other)
        return True

    def processAlgorithm(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Write the polygons cell by cell; cancelling leaves the rest out."""
        try:
            return self._write(parameters, context, feedback)
        except (FormulaError, PixelError) as error:
            raise QgsProcessingException(str(error)) from error

    def _write(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        image = self._dates.now
        wanted = self._wanted(parameters, context)
        crs = QgsCoordinateReferenceSystem.fromWkt(image.crs_wkt)
        places = self._places(parameters, context, crs)
        labels = self.parameterAsSource(parameters, self.LABELS, context)
        sink, target = self.parameterAsSink(
            parameters, self.OUTPUT, context, fields(), QgsWkbTypes.Type.MultiPolygon, crs
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, self.OUTPUT))
        name = self.parameterAsString(parameters, self.CLASS, context)
        stay, count = to_image(image, crs), 0
        for n, place in enumerate(places, 1):
            if feedback.isCanceled():
                break
            drawn = _meeting(labels, place.shape, crs, context)
            for shape in prelabels(wanted, Cell(n, place.shape, drawn), stay):
                feature = QgsFeature(fields())
                feature.setGeometry(shape)
                feature.setAttributes([name, wanted.rule.tool, image.name, place.name])
                if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                    raise QgsProcessingException(
                        self.writeFeatureError(sink, parameters, self.OUTPUT)
                    )
                count += 1
            feedback.setProgress(100.0 * n / len(places))
        del sink  # closes the file
        threshold = wanted.rule.threshold
        feedback.pushInfo(
            tr("{count} polygons, {tool}.").format(count=count, tool=wanted.rule.tool)
        )
        return {self.OUTPUT: target, self.COUNT: count, self.USED: threshold}

    def _wanted(self, parameters: dict[str, Any], context: QgsProcessingContext) -> Wanted:
        text = self.parameterAsString(parameters, self.FORMULA, context).strip()
        known = next((k for k in indices() if k.name.lower() == text.lower()), None)
        formula = parse(known.formula if known is not None else text)
        only_new = self.parameterAsBool(parameters, self.ONLY_NEW, context)
        if only_new and self._dates.other is None:
            raise QgsProcessingException(
                tr("Give the other date, or untick “Not on the other date”.")
            )
        if parameters.get(self.THRESHOLD) is not None:
            threshold = self.parameterAsDouble(parameters, self.THRESHOLD, context)
        else:
            found = histogram_of(self._dates, formula)
            if found is None:
                raise QgsProcessingException(
                    tr("“{name}” has the same value everywhere: give a threshold.").format(
                        name=self._dates.now.name
                    )
                )
            threshold = otsu(found)
        below = self.parameterAsBool(parameters, self.BELOW, context)
        name = known.name if known is not None else text.replace(" ", "")
        return Wanted(
            self._dates, formula, Rule(name, rounded(threshold), below, only_new),
            self.parameterAsInt(parameters, self.LEAST, context),
            self.parameterAsInt(parameters, self.FILL, context),
            self.parameterAsBool(parameters, self.SMOOTH, context),
        )  # fmt: skip

    def _places(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        crs: QgsCoordinateReferenceSystem,
    ) -> list[Place]:
        cells = self.parameterAsSource(parameters, self.CELLS, context)
        grid = self._dates.now.grid
        if cells is None:
            corners = [(0, 0), (grid.width, 0), (grid.width, grid.height), (0, grid.height)]
            ring = ", ".join("{!r} {!r}".format(*grid.to_crs(*at)) for at in [*corners, corners[0]])
            return [Place("", QgsGeometry.fromWkt(f"Polygon (({ring}))"))]
        names = cells.fields().names()
        request = QgsFeatureRequest().setDestinationCrs(crs, context.transformContext())
        return [
            Place(str(f[CELL]) if CELL in names else "", QgsGeometry(f.geometry()))
            for f in cells.getFeatures(request)
            if f.hasGeometry() and (STATUS not in names or f[STATUS] == TODO)
        ]


def fields() -> QgsFields:
    """Of a pre-label."""
    made = QgsFields()
    for name in (CLASS, TOOL, SOURCE, CELL):
        made.append(text_field(name))
    return made


def _dates(now: QgsRasterLayer, other: QgsRasterLayer | None) -> Dates:
    try:
        return Dates(image_for(now), image_for(other) if other is not None else None)
    except NoPixelGridError as error:
        raise QgsProcessingException(str(error)) from error


def _meeting(
    labels: QgsProcessingFeatureSource | None,
    shape: QgsGeometry,
    crs: QgsCoordinateReferenceSystem,
    context: QgsProcessingContext,
) -> list[QgsGeometry]:
    """The labels around a place, in the image's CRS."""

    def found() -> Iterator[QgsGeometry]:
        request = QgsFeatureRequest().setDestinationCrs(crs, context.transformContext())
        request.setFilterRect(shape.boundingBox())
        for feature in labels.getFeatures(request):
            if feature.hasGeometry():
                yield QgsGeometry(feature.geometry())

    return list(found()) if labels is not None else []
