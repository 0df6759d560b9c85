# SPDX-License-Identifier: GPL-2.0-or-later
"""Check, agreement and advice from the dock, and the way to a problem on the map."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsMessageLog,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject

from .check_labels import AREAS, POINTS, CheckAlgorithm
from .dock import PolychipDock
from .problem_table import Problem
from .show_when_done import layer_uri, styled_layer
from .translation import tr

TAG = "Polychip"
PROPERTY = "polychip/problemsOf"
"""Custom property of the layers that a check has made: the layer that was checked."""
_LEAST_SHARE, _MOST_SHARE = 1 / 40, 1 / 2
"""Of all that was checked: no less is shown around a problem, and no larger polygon whole."""


class Words(QgsProcessingFeedback):
    """Feedback that keeps why it failed."""

    def __init__(self) -> None:
        super().__init__(False)
        self.errors: list[str] = []

    def reportError(self, text: str, fatalError: bool = False) -> None:  # noqa: ARG002
        """Called by the algorithm, on its thread."""
        self.errors.append(text)


class QualityControl(QObject):
    """One check at a time, on QGIS's own task list."""

    def __init__(self, iface: QgisInterface, dock: PolychipDock) -> None:
        super().__init__(dock)
        self._iface, self._dock, self._panel = iface, dock, dock.quality
        # QGIS keeps no reference to them: without ours it would crash in mid-run.
        self._running: tuple[Any, QgsProcessingContext, Words] | None = None
        self._checked = ""
        self._panel.checkRequested.connect(self.check_or_cancel)
        self._panel.agreeRequested.connect(lambda: self._open("polychip:agree"))
        self._panel.adviseRequested.connect(lambda: self._open("polychip:advise"))
        self._panel.problemChosen.connect(self.go_to)

    def check_or_cancel(self) -> None:
        """What the button does."""
        if self._running is not None:
            self._running[0].cancel()
            self._running[2].cancel()
            return
        settings = self._dock.settings()
        if not settings.labels:
            self._panel.say(tr("Choose the labels: load a polygon layer into the project."))
            return
        self._checked = settings.labels
        context, feedback = QgsProcessingContext(), Words()
        context.setProject(QgsProject.instance())
        parameters = self._parameters() | {"OUTPUT": "TEMPORARY_OUTPUT"}
        algorithm = CheckAlgorithm().create()
        task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
        self._running = (task, context, feedback)
        task.executed.connect(self._ended)
        self._panel.set_checking(True)
        if task.isCanceled():  # a layer or the engine is not as it must be: it would never end
            self._ended(False, {})
        else:
            QgsApplication.taskManager().addTask(task)

    def abandon(self) -> None:
        """End a check and tell nobody: the plugin goes away."""
        if self._running is not None:
            task, _, feedback = self._running
            task.executed.disconnect(self._ended)
            feedback.cancel()
            task.cancel()
            task.waitForFinished(5_000)
            self._running = None

    def go_to(self, layer: QgsVectorLayer, problem: Problem) -> None:
        """Show the problem in the middle of the map, and flash it."""
        shape = _shape(layer, problem)
        canvas = self._iface.mapCanvas()
        around = _around(shape.boundingBox(), _polygons(layer, problem), layer.extent())
        target = canvas.mapSettings().destinationCrs()
        try:
            way = QgsCoordinateTransform(layer.crs(), target, QgsProject.instance())
            around = way.transformBoundingBox(around)
        except QgsCsException:
            self._panel.say(tr("The problem has no place in the map’s reference system."))
            return
        canvas.setExtent(around)
        canvas.refresh()
        canvas.flashGeometries([shape], layer.crs())

    def _parameters(self) -> dict[str, Any]:
        settings = self._dock.settings()
        images = [name for name in (settings.imagery, *settings.more_imagery) if name]
        return {
            "LABELS": settings.labels,
            "CLASS_FIELD": settings.class_field,
            "INSTANCE_FIELD": settings.instance_field,
            "IMAGERY": images,
            "EXTENT": settings.extent,
        }

    def _ended(self, successful: bool, results: dict[str, Any]) -> None:
        (_, _, feedback), self._running = self._running, None
        self._panel.set_checking(False)
        if successful:
            self._show(results)
        elif feedback.errors:
            self._panel.say(feedback.errors[-1])
            for text in feedback.errors:
                QgsMessageLog.logMessage(text, TAG, Qgis.MessageLevel.Warning, False)
        else:
            self._panel.say(tr("Check cancelled."))

    def _show(self, results: dict[str, Any]) -> None:
        project = QgsProject.instance()
        layers = project.mapLayers().values()
        former = [x.id() for x in layers if x.customProperty(PROPERTY) == self._checked]
        project.removeMapLayers(former)
        checked = project.mapLayer(self._checked)
        name = checked.name() if checked is not None else ""
        path = results[CheckAlgorithm.OUTPUT].split("|")[0]
        shown = {}
        for layer, title in (
            (AREAS, tr("Problem areas of {labels}").format(labels=name)),
            (POINTS, tr("Problems of {labels}").format(labels=name)),
        ):
            shown[layer] = styled_layer(path, layer, title)
            shown[layer].setCustomProperty(PROPERTY, self._checked)
            shown[layer].setCustomProperty("skipMemoryLayersCheck", 1)  # made anew by a check
            project.addMapLayer(shown[layer])
        self._panel.show_layer(shown[POINTS])
        self._panel.say(
            tr("Problems: {count} (errors: {errors}, warnings: {warnings})").format(
                count=shown[POINTS].featureCount(),
                errors=results[CheckAlgorithm.ERRORS],
                warnings=results[CheckAlgorithm.WARNINGS],
            )
        )

    def _open(self, algorithm: str) -> None:
        """The algorithm's own dialog, filled with the dock's choices."""
        try:
            from processing import createAlgorithmDialog
        except ImportError:
            self._panel.say(tr("Switch QGIS’s own plugin “Processing” on first."))
            return
        parameters = {key: value for key, value in self._parameters().items() if value}
        if algorithm == "polychip:agree":
            parameters.pop("LABELS", None)
            if parameters.get("IMAGERY"):
                parameters["IMAGERY"] = parameters["IMAGERY"][0]
        else:
            parameters.pop("EXTENT", None)
        dialog = createAlgorithmDialog(algorithm, parameters)
        dialog.show()


def _shape(layer: QgsVectorLayer, problem: Problem) -> QgsGeometry:
    """The problem's area, its point where it has none."""
    point = layer.getFeature(problem.fid).geometry()
    path = layer.source().split("|")[0]
    areas = QgsVectorLayer(layer_uri(path, AREAS), AREAS, "ogr")
    if not areas.isValid():
        return point
    for feature in areas.getFeatures():
        alike = (feature["check"], feature["message"], str(feature["source_fid"]))
        if alike == (problem.check, problem.message, problem.source_fid):
            return feature.geometry()
    return point


def _polygons(layer: QgsVectorLayer, problem: Problem) -> list[QgsRectangle]:
    """Where the labels lie that the problem names, as far as they are still there."""
    checked = QgsProject.instance().mapLayer(str(layer.customProperty(PROPERTY)))
    if not isinstance(checked, QgsVectorLayer):
        return []
    try:
        way = QgsCoordinateTransform(checked.crs(), layer.crs(), QgsProject.instance())
        ids = [int(name) for name in (problem.source_fid, problem.other_fid) if name]
        shapes = (checked.getFeature(fid).geometry() for fid in ids)
        return [way.transformBoundingBox(x.boundingBox()) for x in shapes if not x.isEmpty()]
    except (ValueError, QgsCsException):  # ids of another kind of file
        return []


def _around(
    box: QgsRectangle, polygons: list[QgsRectangle], everything: QgsRectangle
) -> QgsRectangle:
    """The problem and its polygons, unless they are large, with half as much on each side."""
    size = max(everything.width(), everything.height())
    shown = QgsRectangle(box)
    for polygon in polygons:
        if max(polygon.width(), polygon.height()) <= size * _MOST_SHARE:
            shown.combineExtentWith(polygon)
    side = max(shown.width(), shown.height(), size * _LEAST_SHARE)
    return shown.buffered(side / 2)
