"""A clean profile: install the ZIP, open layers, open the dock by mouse, type the size."""

import importlib.util
import sys

import pyplugin_installer
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtWidgets import (
    QAction,
    QComboBox,
    QDockWidget,
    QLabel,
    QPushButton,
    QSpinBox,
    QToolBar,
    QWidget,
)

FOREIGN = ("rasterio", "fiona", "pyproj", "shapely", "geopandas")


def scenario(window):
    """Every step is a user's; the values that come out are asserted in test_window.py."""
    before = {
        name for name in FOREIGN if name in sys.modules
    }  # newer versions of QGIS import shapely themselves
    pyplugin_installer.instance().installFromZipFile(window.inputs["zip"])
    yield window.until(
        lambda: window.exists(QDockWidget, "PolychipDock"), "the plugin is installed and started"
    )
    dock = window.find(QDockWidget, "PolychipDock")
    menu = next(
        action.menu()
        for action in window.iface.rasterMenu().actions()
        if action.text() == "Polychip"
    )
    window.record(
        dock_hidden_at_first=not dock.isVisible(), raster_menu=[a.text() for a in menu.actions()]
    )

    project = QgsProject.instance()
    image = QgsRasterLayer(window.inputs["raster"], "scene")
    labels = QgsVectorLayer(window.inputs["labels"], "buildings", "ogr")
    project.addMapLayer(image)
    project.addMapLayer(labels)
    window.iface.setActiveLayer(image)
    window.iface.zoomToActiveLayer()
    window.record(layers_valid=[image.isValid(), labels.isValid()])

    button = window.find(QToolBar, "PolychipToolBar").widgetForAction(
        window.find(QAction, "polychipToggleDock")
    )
    yield window.until(button.isVisible, "the toolbar button shows")
    yield from window.click(button)
    yield window.until(dock.isVisible, "a click opens the dock")
    count = window.find(QLabel, "chipCount")
    yield window.until(count.isVisible, "the count shows")
    window.record(count_at_512=count.text())
    status = window.find(QLabel, "engineStatus")
    yield window.until(
        lambda: "not ready" in status.text(), "the dock says that there is no engine"
    )
    yield window.until(lambda: not window.iface.mapCanvas().isDrawing(), "the map is drawn")
    window.screenshot("dock")

    size = window.find(QSpinBox, "chipSize")
    yield from window.double_click(size, QPoint(15, size.height() // 2))
    yield window.until(size.hasFocus, "a click focuses the size")
    yield from window.press("ctrl+a")
    yield from window.type("64")
    yield from window.press("Tab")
    yield window.until(lambda: size.value() == 64, "64 is typed")
    window.record(count_at_64=count.text())

    field = window.find(QComboBox, "classField")
    yield from window.click(field)
    yield window.until(lambda: field.view().isVisible(), "the list of fields opens")
    yield from window.press("Down", "Down", "Return")
    yield window.until(
        lambda: field.currentText() == "class", "the class field is chosen by the keyboard"
    )
    stored, remembered = project.readEntry("polychip", "/dock")
    window.record(remembered=remembered, stored=stored, modes=_mode_sentences(window))

    yield from _export_without_an_engine(window)
    window.record(
        imported_foreign=[name for name in FOREIGN if name in sys.modules and name not in before],
        findable_foreign=[name for name in FOREIGN if importlib.util.find_spec(name) is not None],
        plugin_imported="polychip_qgis.dock" in sys.modules,
        layer_crs=[image.crs().authid(), labels.crs().authid()],
    )
    window.screenshot("end")


def _mode_sentences(window):
    mode, hint = window.find(QComboBox, "mode"), window.find(QLabel, "modeHint")
    sentences = {}
    for index in range(mode.count()):
        mode.setCurrentIndex(index)
        sentences[mode.itemData(index)] = hint.text()
    mode.setCurrentIndex(0)
    return sentences


def _export_without_an_engine(window):
    window.find(QWidget, "outputFolder").setFilePath(window.inputs["output"])
    yield from window.click(window.find(QPushButton, "export"))
    yield window.until(
        lambda: window.exists(QPushButton, "polychipOpenSettings"),
        "the message bar offers the settings",
    )
    item = window.iface.messageBar().currentItem()
    window.record(export_message=item.text(), export_message_level=int(item.level()))
    window.screenshot("no_engine")
    yield from window.click(window.find(QPushButton, "polychipOpenSettings"))
    yield window.until(lambda: window.exists(QPushButton, "testEngine"), "the options dialog opens")
    test_button = window.find(QPushButton, "testEngine")
    yield window.until(test_button.isVisible, "the options dialog shows Polychip's page")
    yield from window.click(test_button)
    result = window.find(QLabel, "engineResult")
    yield window.until(lambda: "missing" in result.text(), "the test says that there is no engine")
    window.screenshot("options", test_button.window())
    test_button.window().reject()
    yield window.until(
        lambda: not window.exists(QPushButton, "testEngine"), "the options dialog is closed"
    )
