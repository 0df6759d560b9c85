"""From layers to a dataset: fill the dock by mouse and keyboard, export, cancel, resume, finish."""

import re
from pathlib import Path

from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtWidgets import (
    QAction,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QToolBar,
    QWidget,
)


def scenario(window):
    """Every step is a user's; the values that come out are asserted in test_window.py."""
    project = QgsProject.instance()
    layers = yield from open_layers(window, project)
    crs_before = [layer.crs().authid() for layer in layers] + [project.crs().authid()]
    yield from open_dock(window)
    yield from fill_dock(window)
    yield window.until(lambda: not window.iface.mapCanvas().isDrawing(), "the map is drawn")
    window.record(count=window.find(QLabel, "chipCount").text())
    window.screenshot("filled")
    yield from preview(window, project)

    export, text = window.find(QPushButton, "export"), window.find(QLabel, "exportText")
    yield from window.click(export)
    # The engine of this test waits after its first blocks, until it is told to go on.
    yield window.until(
        lambda: re.match(r"[1-9]\d* of \d+ chips", text.text()) is not None, "chips are counted", 60
    )
    bar = window.find(QProgressBar, "exportBar")
    window.record(progress=text.text(), bar=[bar.value(), bar.maximum()])
    window.record(export_waits=not export.isEnabled())
    window.screenshot("progress")
    yield from window.click(window.find(QPushButton, "cancelExport"))
    yield window.until(lambda: message(window).startswith("Export cancelled"), "it is cancelled")
    window.record(cancelled=message(window))
    window.screenshot("cancelled")

    Path(window.inputs["go"]).touch()
    yield from window.click(export)
    yield window.until(lambda: window.exists(QPushButton, "polychipResume"), "resuming is offered")
    window.record(offer=message(window))
    window.screenshot("offer")
    yield from window.click(window.find(QPushButton, "polychipResume"))
    yield window.until(lambda: "chips written in" in message(window), "the export ends", 60)
    yield window.until(
        lambda: any(x.name().startswith("Chips of") for x in project.mapLayers().values()),
        "the chips are on the map",
    )
    yield window.until(lambda: not window.iface.mapCanvas().isDrawing(), "the map is drawn")
    item = window.iface.messageBar().currentItem()
    window.record(
        done=message(window),
        buttons=[b.text() for b in item.findChildren(QPushButton) if b.text()],
        progress_hidden=not window.find(QWidget, "exportProgress").isVisible(),
        crs_before=crs_before,
        crs_after=[layer.crs().authid() for layer in layers] + [project.crs().authid()],
        still_edited=layers[1].isModified(),
        output=window.inputs["output"],
    )
    window.screenshot("done")

    yield from window.click(export)  # the box is not ticked: what is finished stays
    yield window.until(lambda: "a finished dataset" in message(window), "it is refused")
    window.record(refused=message(window))
    window.screenshot("refused")
    layers[1].rollBack()


def preview(window, project):
    """The chip under the mouse, its objects, the planned chips, then no preview any more."""
    button, text = window.find(QPushButton, "preview"), window.find(QLabel, "previewText")
    yield from window.click(button)
    yield window.until(lambda: "Move the cursor" in text.text(), "it is planned", 60)
    window.record(planned=text.text())
    canvas = window.iface.mapCanvas()
    centre = canvas.rect().center() - QPoint(20, 80)
    yield from window.move(canvas.viewport(), centre)
    yield window.until(lambda: text.text().startswith("after_r"), "a chip is shown", 60)
    window.record(previewed=text.text())
    yield window.until(lambda: not text.visibleRegion().isEmpty(), "it is in sight")
    yield window.until(lambda: not canvas.isDrawing(), "the map is drawn")
    window.screenshot("preview")
    yield from window.move(canvas.viewport(), centre + QPoint(-60, -30))
    first = window.values["previewed"]
    yield window.until(lambda: text.text() != first, "the next chip is shown", 60)
    yield from choose(window, "previewView", "obj", "Objects")
    window.record(next_previewed=text.text())
    window.screenshot("preview_objects")
    yield from window.click(window.find(QPushButton, "showChips"))
    yield window.until(
        lambda: any(x.name() == "Planned chips" for x in project.mapLayers().values()),
        "the planned chips are on the map", 60,
    )  # fmt: skip
    yield window.until(lambda: not canvas.isDrawing(), "the map is drawn")
    window.screenshot("planned")
    yield from window.click(button)
    yield window.until(lambda: not button.isChecked(), "the preview is off")
    planned = [x.id() for x in project.mapLayers().values() if x.name() == "Planned chips"]
    project.removeMapLayers(planned)


def open_layers(window, project):
    """Image, labels with an unsaved edit, extent; the project in a third reference system."""
    image = QgsRasterLayer(window.inputs["raster"], "after")
    labels = QgsVectorLayer(f"{window.inputs['labels']}|layername=labels", "labels", "ogr")
    extent = QgsVectorLayer(f"{window.inputs['labels']}|layername=extent", "extent", "ogr")
    project.addMapLayers([image, extent, labels])
    yield window.until(lambda: project.crs() == image.crs(), "QGIS takes the first layer's CRS")
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    window.iface.setActiveLayer(image)
    window.iface.zoomToActiveLayer()
    labels.startEditing()
    labels.deleteFeature(next(labels.getFeatures()).id())
    return image, labels, extent


def open_dock(window):
    """Click the toolbar button."""
    dock = window.find(QDockWidget, "PolychipDock")
    button = window.find(QToolBar, "PolychipToolBar").widgetForAction(
        window.find(QAction, "polychipToggleDock")
    )
    yield window.until(button.isVisible, "the toolbar button shows")
    yield from window.click(button)
    yield window.until(dock.isVisible, "the dock shows")
    status = window.find(QLabel, "engineStatus")
    yield window.until(lambda: status.text().endswith("is ready."), "the engine is ready")
    window.record(engine=status.text())


def fill_dock(window):
    """Every choice of the export."""
    for name, letters, text in (
        ("labels", "lab", "labels"),
        ("extent", "ext", "extent"),
        ("classField", "cla", "class"),
        ("mode", "pan", "Panoptic"),
        ("instanceField", "inst", "instance_id"),
    ):
        yield from choose(window, name, letters, text)
    size = window.find(QSpinBox, "chipSize")
    yield from window.double_click(size, QPoint(15, size.height() // 2))
    yield window.until(size.hasFocus, "a click focuses the size")
    yield from window.press("ctrl+a")
    yield from window.type("256")
    yield from window.press("Tab")
    yield window.until(lambda: size.value() == 256, "256 is typed")
    folder = window.find(QWidget, "outputFolder")
    edit = folder.findChild(QLineEdit)
    yield from window.click(edit)
    yield window.until(edit.hasFocus, "a click focuses the folder")
    yield from window.type(window.inputs["output"])
    yield from window.press("Tab")
    yield window.until(lambda: folder.filePath() == window.inputs["output"], "the folder is typed")


def choose(window, name, letters, text):
    """Open a list by a click, find the entry by its first letters, take it."""
    box = window.find(QComboBox, name)
    yield from window.click(box)
    yield window.until(lambda: box.view().isVisible(), f"the list {name} opens")
    yield from window.type(letters)
    yield from window.press("Return")
    yield window.until(lambda: box.currentText() == text, f"{text} is chosen in {name}")


def message(window):
    """The text in the message bar."""
    item = window.iface.messageBar().currentItem()
    return item.text() if item is not None else ""
